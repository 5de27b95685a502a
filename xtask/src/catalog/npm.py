"""Prints the calls of the package googleapis of npm: host, verb and path template, separated by tabs."""

import re
import sys
import tarfile

SOURCE = re.compile(r"package/build/src/apis/[^/]+/(?!index\.js)[^/]+\.js")
HOST = re.compile(r"'https://([^/']+)/'")
CALL = re.compile(r"url: \(rootUrl \+\s*'([^']+)'\).*?method: '(\w+)'", re.S)
calls = set()
archive = tarfile.open(sys.argv[1])
for member in archive:
    if not SOURCE.fullmatch(member.name):
        continue
    text = archive.extractfile(member).read().decode()
    for block in text.split("const rootUrl = options.rootUrl || ")[1:]:
        host, call = HOST.match(block), CALL.search(block)
        if host and call:
            calls.add((host.group(1), call.group(2), call.group(1)))
print("\n".join("\t".join(call) for call in sorted(calls)))
