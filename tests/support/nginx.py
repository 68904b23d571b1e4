"""nginx with the configuration of `deploy/nginx.conf`: only its addresses and its certificate are the test's."""

import datetime
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.settings import ROOT
from lumira.clock import utc_now
from tests.benchmarks.processes import free_port, listens, wait_until

_START_WITHIN = 30.0
#: The name in the configuration and in its certificate.
HOST = "pay.example.com"


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int
    plain_port: int
    directory: Path

    @property
    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.directory.glob("*.log")))


@contextmanager
def nginx(directory: Path, *web_servers: str, name: str = HOST, added: str = "") -> Iterator[Proxy]:
    """Run nginx in front of the web servers at these addresses, one or two, during the block.

    Its certificate has this name. `added` stands before the other locations of its server.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise RuntimeError("nginx is missing: on Debian and Ubuntu: apt-get install nginx-light")
    proxy = Proxy(free_port(), free_port(), directory)
    _write_certificate(directory, name)
    (directory / "lumira.conf").write_text(_site(proxy, web_servers, added))
    (directory / "nginx.conf").write_text(_main(directory))
    arguments = [program, "-p", str(directory), "-c", "nginx.conf", "-e", str(directory / "error.log")]
    subprocess.run([*arguments, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(proxy.port), within=_START_WITHIN, what="nginx to listen")
        yield proxy
    finally:
        process.terminate()
        process.wait()


def _site(proxy: Proxy, web_servers: tuple[str, ...], added: str) -> str:
    """Return the example that operators copy, with the addresses of this test."""
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    certificates = f"/etc/letsencrypt/live/{HOST}/"
    replaced = {
        "server 127.0.0.1:8000 ": f"server {web_servers[0]} ",
        "server 127.0.0.1:8001 ": f"server {web_servers[-1]} ",
        "listen 443 ssl;": f"listen 127.0.0.1:{proxy.port} ssl;",
        "listen [::]:443 ssl;": "",
        "listen 80;": f"listen 127.0.0.1:{proxy.plain_port};",
        "listen [::]:80;": "",
        f"{certificates}fullchain.pem": str(proxy.directory / "certificate.pem"),
        f"{certificates}privkey.pem": str(proxy.directory / "key.pem"),
    }
    for written, of_test in replaced.items():
        assert site.count(written) == 1, f"deploy/nginx.conf does not contain {written!r} once"
        site = site.replace(written, of_test)
    before, location, after = site.rpartition("    location / {")
    return f"{before}{added}{location}{after}"


def _main(directory: Path) -> str:
    """Return a main configuration as Debian has it: everything is logged, but for what the site turns off."""
    temporary = "\n".join(
        f"    {kind}_temp_path {directory / kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if Path.home() == Path("/root") else ""
    return f"""
        daemon off;
        {user}
        pid {directory / "nginx.pid"};
        worker_processes 1;
        error_log {directory / "error.log"} error;
        events {{ worker_connections 512; }}
        http {{
            access_log {directory / "access.log"};
            {temporary}
            include {directory / "lumira.conf"};
        }}
    """


def _write_certificate(directory: Path, host: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
