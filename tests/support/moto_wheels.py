"""Released wheels of moto, had through pip as the machine has it set up and kept in a temporary folder."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

# One release for each version of AWSSupportServiceRolePolicy that wheels carry, and the sha256 of its wheel.
RELEASES = {
    "1.3.14": "2b3fa22778504b45715868cad95ad458fdea7227f9005b12e522fc9c2ae0cabc",
    "2.0.0": "ce53ebf8ed5f2240b0645030d177823beab2fef79ed74ec605ad0acebcbd9a95",
    "2.2.0": "01cae56a272a5bf952335df854a8e616f7e6dbb135f88d5f00b979be61bfb448",
    "2.3.2": "0c29f5813d4db69b2f99c5538909a5aba0ba1cb91a74c19eddd9bfdc39ed2ff3",
    "3.1.0": "d45b9b1ed8db073109392ec3dd473a3bf79a2dd2bf740042819e019f3e054947",
    "4.2.5": "4440bc86d5a7bb77043d8031022f549e0c1e2869f1218b0939dbbbdc10776932",
    "5.0.0": "1d01de681da1453335ec09ba43db521e577cbd58d25ddfb61e5965534b8be539",
    "5.0.10": "9ffae2f64cc8fe95b9a12d63ae7268a7d6bea9993b922905b5abd8197d852cd0",
    "5.0.20": "b6df0041255acb973f2adcb31e3dee1379770ece0253520d4d15986d22aa06cf",
    "5.1.0": "4fada00cedfba661aa58fe0b33b3ba9a0ef96d0e9937c9bed5163053898b4a27",
    "5.1.10": "9ec1a21a924f97470af225b2bfa854fe46c1ad30fb44655eba458206dedf28b5",
    "5.1.20": "58c82c8e6b2ef659ef3a562fa415dce14da84bc7a797943245d9a338496ea0ea",
    "5.2.0": "d728d5c9c431e0f1043d907bebd663b09a9105c62380991068598a3799373a85",
    "5.2.4": "b75cf0a0063315bab6a4c3606f475ee118f3c329c8d5477a2447e699bdf13155",
}
DOWNLOAD_TIMEOUT_S = 120


class WheelUnavailableError(Exception):
    """pip can't get a release here; the message is pip's last line."""


def cache_folder() -> Path:
    """A temporary folder of this user's where wheels are kept between runs."""
    folder = Path(tempfile.gettempdir()) / f"policy-tracker-wheels-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def wheel_of(release: str, cache: Path) -> Path:
    """The path of moto's wheel of one release, downloaded where the cache lacks it. Raises WheelUnavailableError.

    Raises ValueError where its hash is another than the one that RELEASES has: that is no wheel of ours.
    """
    wheel = next(iter(sorted(cache.glob(f"moto-{release}-*.whl"))), None) or _download(release, cache)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != RELEASES[release]:
        raise ValueError(f"{wheel} has sha256 {found}; the release has {RELEASES[release]}")
    return wheel


def wheels(releases: Iterable[str] = RELEASES) -> tuple[Path, ...]:
    """The wheels of these releases, in their order. Raises as wheel_of does."""
    cache = cache_folder()
    return tuple(wheel_of(release, cache) for release in releases)


def _download(release: str, cache: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=cache) as fresh:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--only-binary", ":all:", "--dest", fresh, f"moto=={release}",
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise WheelUnavailableError(
                f"moto {release}: pip did not end within {DOWNLOAD_TIMEOUT_S} s"
            ) from error
        if done.returncode:
            raise WheelUnavailableError(
                f"moto {release}: {(done.stderr.strip().splitlines() or ['pip failed'])[-1]}"
            )
        wheel = next(Path(fresh).glob("*.whl"))
        # Renamed whole into place: another process never reads half a wheel.
        return wheel.replace(cache / wheel.name)
