"""Reads what Google's generated clients for Python send, from the wheels in a folder.

Prints one line for each service of a client (host, service, default scopes), and one line for each HTTP
binding (host, rpc, verb, path template). The fields are separated by tabs.
"""

import pathlib
import re
import sys
import zipfile

# The services that other services include, by the names of their methods.
MIXINS = {
    "google.cloud.location.Locations": ["GetLocation", "ListLocations"],
    "google.iam.v1.IAMPolicy": ["GetIamPolicy", "SetIamPolicy", "TestIamPermissions"],
    "google.longrunning.Operations":
        ["ListOperations", "GetOperation", "DeleteOperation", "CancelOperation", "WaitOperation"],
}
MIXED_IN = {method: service for service, methods in MIXINS.items() for method in methods}
BINDING = re.compile(r'"method": "(\w+)",\s*"uri": "([^"]+)"')
TRANSPORT = re.compile(r"(.*/services/\w+/transports/)base\.py")


def transports(archive):
    """Returns the contents of the files of each transport."""
    names = set(archive.namelist())
    for folder in filter(None, map(TRANSPORT.fullmatch, sorted(names))):
        path = folder.group(1)
        files = ["base.py", "rest_base.py", "rest.py", "grpc.py"]
        yield [archive.read(path + file).decode() if path + file in names else "" for file in files]


def lines(base, rest_base, rest, grpc):
    host = re.search(r'DEFAULT_HOST: str = "([^":]*)', base).group(1)
    rpcs = [rpc for rpc in re.findall(r'"/([\w.]+)/(\w+)"', grpc) if rpc[0] not in MIXINS]
    names = re.findall(r'"serviceName": "([\w.]+)"', rest) + [service for service, _ in rpcs]
    if not host or not names:
        return
    service, own = names[0], {method for _, method in rpcs}
    scopes = re.search(r"AUTH_SCOPES = \((.*?)\)\n", base, re.S).group(1)
    yield host, service, " ".join(re.findall(r'"([^"]+)"', scopes))
    parts = re.split(r"\n    class _Base(\w+)", rest_base)
    for method, text in zip(parts[1::2], parts[2::2]):
        # Compute Engine has REST alone, and its own methods for policies.
        is_own = method in own or service.startswith("google.cloud.compute.")
        name = service if is_own else MIXED_IN.get(method, service)
        for verb, path in BINDING.findall(text):
            yield host, f"{name}.{method}", verb.upper(), path
    for rpc, text in re.findall(r'"(google\.longrunning\.Operations\.\w+)": \[(.*?)\],\n', rest, re.S):
        for verb, path in BINDING.findall(text):
            yield host, rpc, verb.upper(), path


found = set()
for wheel in sorted(pathlib.Path(sys.argv[1]).glob("*.whl")):
    for files in transports(zipfile.ZipFile(wheel)):
        found.update(lines(*files))
print("\n".join("\t".join(fields) for fields in sorted(found)))
