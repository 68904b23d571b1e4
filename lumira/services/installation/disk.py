"""How much space is free on the disks that Lumira writes to."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings

#: Less is too little: below one of them a busy database fills the rest within hours.
_LEAST_SHARE = 0.1
_LEAST_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of a folder."""

    folder: Path
    free: int
    total: int

    @property
    def is_low(self) -> bool:
        """Whether less than a tenth, or less than one gigabyte, is free."""
        return self.free < self.total * _LEAST_SHARE or self.free < _LEAST_BYTES


def measure_disks(settings: Settings) -> list[Disk]:
    """Return the disks of the instance's folder and of the embedded database; one if both are on the same.

    A database server elsewhere is not measured: its disk is not visible here.
    """
    folders = [settings.instance_path, settings.instance_path / "postgresql"]
    devices = {folder.stat().st_dev: folder for folder in reversed(folders) if folder.is_dir()}
    return [
        Disk(folder, usage.free, usage.total)
        for folder in devices.values()
        if (usage := shutil.disk_usage(folder)).total
    ]
