"""Prints the calls of the package googleapis of npm.

The fields of a line are separated by tabs: host, verb, path, API, id, path in which each `{+variable}`
has the form of its example, scopes. The form and the scopes come from the example in the comment of
the method, which the generator of the package writes from the Discovery document. Without an example
the scopes are those of all examples of the API.
"""

import re
import sys
import tarfile

SOURCE = re.compile(r"package/build/src/apis/([^/]+)/(?!index\.)([^/]+)\.(js|d\.ts)")
CALL = re.compile(
    r"class Resource\$([\w$]+) \{|\n        (\w+)\(paramsOrCallback,|"
    r"options\.rootUrl \|\| 'https://([^/']+)/'.*?url: \(rootUrl \+\s*'([^']+)'\).*?method: '(\w+)'",
    re.S,
)
PROPERTY = re.compile(r"this\.(\w+) =\s+new Resource\$([\w$]+)\(")
TYPED = re.compile(r"\n        (\w+)\(params: Params\$Resource\$([\w$]+)\$\w+, options: StreamMethodOptions\)")
EXAMPLE = re.compile(r" = await (?!auth\.)([\w.]+)\(\{(.*?)\n {9}\*   \}\);", re.S)
VALUE = re.compile(r"\n {9}\*     '?([\w.$-]+)'?:\s+(?:\* +)?'([^']*)'")
SCOPES = re.compile(r"scopes: \[(.*?)\]", re.S)


def listed(text):
    """Returns the scopes of the examples in a text."""
    return sorted({scope for group in SCOPES.findall(text) for scope in re.findall(r"'([^']+)'", group)})


def examples(text):
    """Returns for each method with an example: id, values of the parameters, scopes."""
    found, end = {}, 0
    for method in TYPED.finditer(text):
        comment, end = text[end:method.start()], method.end()
        if example := EXAMPLE.search(comment):
            values = dict(VALUE.findall(example.group(2)))
            found[method.group(2), method.group(1)] = example.group(1), values, listed(comment)
    return found


def with_forms(path, values):
    """Returns a path in which the form of its example replaces each `{+variable}`."""
    def form(variable):
        # A variable whose example is a pattern stays a pattern.
        value = values.get(variable.group(1), variable.group(0)).replace("[^/]+", "*").replace(".*", "**")
        return "/".join("*" if segment.startswith("my-") else segment for segment in value.split("/"))
    return re.sub(r"\{\+(\w+)\}", form, path)


def calls(api, version, text, types):
    shown, all_scopes, properties = examples(types), listed(types), dict(map(reversed, PROPERTY.findall(text)))
    resource = name = ""
    for part in CALL.finditer(text):
        resource, name = part.group(1) or resource, part.group(2) or name
        if not part.group(3):
            continue
        parts = resource.split("$")
        parents = [properties.get("$".join(parts[:count + 1]), parts[count]) for count in range(len(parts))]
        default = ".".join([api, *parents, name]), {}, all_scopes
        id, values, scopes = shown.get((resource, name), default)
        host, path, verb = part.group(3, 4, 5)
        yield host, verb, path, f"{api}.{version}", id, with_forms(path, values), " ".join(scopes)


files = {}
for member in (archive := tarfile.open(sys.argv[1])):
    if source := SOURCE.fullmatch(member.name):
        files[source.groups()] = archive.extractfile(member).read().decode()
lines = set()
for (api, version, kind), text in files.items():
    if kind == "js":
        lines.update(calls(api, version, text, files[api, version, "d.ts"]))
print("\n".join("\t".join(fields) for fields in sorted(lines)))
