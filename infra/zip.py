"""Packs a binary for Lambda, as `bootstrap` in a zip: zip.py BINARY ZIP.

The same binary gives the same bytes.
"""

import sys
import zipfile
from pathlib import Path

binary, archive = map(Path, sys.argv[1:])
bootstrap = zipfile.ZipInfo("bootstrap")  # dated 1980, the first year of the format
bootstrap.create_system = 3  # Unix; otherwise the mode is ignored
bootstrap.external_attr = 0o100755 << 16
with zipfile.ZipFile(archive, "w") as file:
    file.writestr(bootstrap, binary.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
