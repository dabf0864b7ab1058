#!/usr/bin/env python3
"""Paths that a page for people names are there: from the root, from the page's folder, or below it by their end. So are commands of
the program and the scripts that an example calls."""
import fnmatch, pathlib, re, subprocess, sys

root = pathlib.Path(sys.argv[1])
PAGES = ["README.md", "SECURITY.md", "pipelines/README.md", "processor/README.md", "processor/*/README.md", "state/README.md",
         "tests/*/README.md", "tests/support/*/README.md", "docker/README.md"]  # CONFORMANCE.md has a lint of its own
# Made by a build or by a user, so not here; or a file of somebody else.
ELSEWHERE = re.compile(r"(build|flywheel-data|recordings|DIR|docs|examples)/.*|(old|new|your|my)\w*\.yaml|package-lock\.json|go\.mod|"
                       r"(data|lock)\.mdb|data\.md|.*\.dead|backup-schema\w*/|.*<.*|\.json")
ENDS = (".c", ".h", ".py", ".sh", ".yaml", ".md", ".json", ".txt", ".proto", ".service")
NO_FILE = re.compile(r"(\w+\.)*(measurements|steps|tool|llm|output|route|ground_truth|cohorts|limits|selection|redaction|trajectory)\.\w+")

try:
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    files = set(listed.stdout.split("\n"))
except (OSError, subprocess.CalledProcessError):  # a source archive
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
places = files | {str(parent) for name in files for parent in pathlib.PurePath(name).parents}
commands = set(re.findall(r'^    \{"(\w+)", "', (root / "processor/command/dispatch.c").read_text(), re.M))


def spread(path):
    """a/{b,c}.h is two."""
    braces = re.fullmatch(r"([^{]*)\{([^}]*)\}(.*)", path)
    return [braces[1] + one + braces[3] for one in braces[2].split(",")] if braces else [path]


def is_there(path, folder):
    wanted = path.removeprefix("./").rstrip("/")
    near = "" if folder == "." else f"{folder}/"
    patterns = (wanted, near + wanted, f"{near}*/{wanted}")
    if not any(letter in wanted for letter in "*?[") and (wanted in places or near + wanted in places):
        return True
    return any(fnmatch.fnmatchcase(place, pattern) for place in places for pattern in patterns)


failures = checked = 0
for page in sorted({path for pattern in PAGES for path in root.glob(pattern)}):
    name = str(page.relative_to(root))
    folder = str(pathlib.PurePath(name).parent)
    for number, line in enumerate(page.read_text().splitlines(), 1):
        examples = [line] if line.startswith("    ") else re.findall(r"`([^`]+)`", line)
        for example in examples:
            for command in re.findall(r"(?:^|\s)(?:flywheel|\./run\.sh) ([a-z]+)\b", example):
                checked += 1
                if command not in commands:
                    failures += 1
                    print(f"{name}:{number}: there is no command {command}")
            for word in re.split(r"[\s;()]+|,(?![^{}]*\})", example) if not line.startswith("    ") else re.findall(r"(?:\./)?[\w./-]+\.(?:py|sh)\b", example):
                is_path = re.fullmatch(r"[\w./*{},-]+", word) and (word.endswith(ENDS) or (word.endswith("/") and len(word) > 2))
                if not is_path or word.startswith("/") or ELSEWHERE.fullmatch(word.removeprefix("./")) or NO_FILE.fullmatch(word):
                    continue
                for path in spread(word):
                    checked += 1
                    if not is_there(path, folder):
                        failures += 1
                        print(f"{name}:{number}: {path} is not there")
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
