"""What every command shares: the flags before and after its name, the settings, and the tracker when it is needed."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.settings import Settings


@dataclass(slots=True)
class Shell:
    """One run of the command. Settings are read once; the tracker is made once, and only where a command needs it."""

    home_flag: str | None = None
    sets: dict[str, str] = field(default_factory=dict)  # --set mail.host=...
    verbose: int = 0
    home: Path | None = None  # known as soon as the settings were asked for
    home_by: str = ""  # what decided it
    log_level: str = ""  # a command's own default ('info' for the daemon)
    _settings: "Settings | None" = None
    _tracker: "Tracker | None" = None

    def find_home(self) -> Path:
        """The tracker's folder, whether or not it exists."""
        from tracker.settings import current_folder, find_home

        self.home, self.home_by = find_home(self.home_flag, os.environ, current_folder())
        return self.home

    def settings(self, *, needs_file: bool = True) -> "Settings":
        """The settings in force; logging is set up by them. Raises SetupError or SettingsError."""
        if self._settings is None:
            from tracker.cli.logs import set_up
            from tracker.settings import load_settings

            home = self.find_home()
            self._settings = load_settings(home, os.environ, self.sets, needs_file=needs_file)
            set_up(self._settings, self.verbose, self.log_level)
        return self._settings

    def again(self) -> "Settings":
        """The settings read anew, after their file was written."""
        self._settings = None
        return self.settings()

    def tracker(self) -> "Tracker":
        """The tracker of this folder. Raises SetupError where the folder or its database can't be used."""
        if self._tracker is None:
            from tracker.bootstrap import open_tracker  # everything hangs on it: not for --version and --help

            self._tracker = open_tracker(self.settings())
        return self._tracker
