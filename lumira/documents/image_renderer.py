"""The program of one process that renders one image: it reads the file from its input, and ends.

Its memory and processor time are bounded by the system, and it gets no setting and no secret: whatever a file does to
the decoder, it ends this process only.
"""

import json
import resource
import sys

from lumira.domain.product_images import MAX_BYTES, render_sizes
from lumira.errors.files import FileTooLarge, InvalidFile

#: Bytes of address space: fifty million pixels, four bytes each, are in memory up to four times.
_ADDRESS_SPACE = 2 * 1024**3
_PROCESSOR_SECONDS = 20


def main() -> None:
    """Write a line of JSON, and after it the content of each size."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    output = sys.stdout.buffer
    try:
        sizes = render_sizes(sys.stdin.buffer.read(MAX_BYTES + 1))
    except (InvalidFile, FileTooLarge) as error:
        output.write(json.dumps({"error": type(error).__name__, "message": error.message}).encode())
    else:
        described = [(size.width, size.height, len(size.content)) for size in sizes]
        output.write(json.dumps({"sizes": described}).encode() + b"\n")
        output.writelines(size.content for size in sizes)


if __name__ == "__main__":
    main()
