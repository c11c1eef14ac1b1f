"""What MkDocs does not know of our tree.

The pages are README.md, all of doc/, and the Markdown files elsewhere that they link to;
the navigation follows the folders, in the order of the links of each folder's README.md.
Links to files that are no pages become text.  GitHub's Markdown is written a little
differently from MkDocs's: lists need no blank line before, and are indented by two.
"""
import glob
import os
import re

from mkdocs.structure.files import File, Files

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
KINDS = [("Tutorial", "doc/tutorial"), ("How to", "doc/how-to"), ("Reference", "doc/reference"),
         ("Explanation", "doc/explanation"), ("Django", "doc/django")]
PROJECT = ["CONTRIBUTING.md", "CODING.md", "CHANGELOG.md", "SECURITY.md"]
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
ITEM = re.compile(r"( *)([*+-]|\d+[.)])( +)(?=\S)")
PICTURE = re.compile(r'<picture>\s*<source[^>]*srcset="([^"]+)"[^>]*>\s*<img([^>]*)>\s*</picture>')


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def without_blocks(text):
    return re.sub(r"^( *)```.*?^\1```", "", text, flags=re.M | re.S)


def place(path, target):
    """The file that a link of that page means, from the root of the tree; "" elsewhere"""
    name = target.partition("#")[0]
    if "://" in target or target.startswith("mailto:") or not name:
        return ""
    there = os.path.normpath(os.path.join(os.path.dirname(path), name))
    inside = os.path.join(there, "README.md")
    return inside if os.path.exists(os.path.join(ROOT, inside)) else there


def pages():
    """All Markdown files that the site shows"""
    found = ["README.md"] + sorted(glob.glob("doc/**/*.md", root_dir=ROOT, recursive=True))
    found += [path for path in PROJECT if os.path.exists(os.path.join(ROOT, path))]
    for path in found:
        for _, _, target in LINK.findall(without_blocks(text_of(path))):
            there = place(path, target)
            if there.endswith(".md") and there not in found and os.path.exists(os.path.join(ROOT, there)):
                found.append(there)
    return found


def title_of(path):
    heading = re.search(r"^# (.+)$", without_blocks(text_of(path)), re.M)
    return heading.group(1).replace("`", "") if heading else path


def name_of(folder):
    index = os.path.join(folder, "README.md")
    if os.path.exists(os.path.join(ROOT, index)):
        return title_of(index)
    return os.path.basename(folder).replace("-", " ").capitalize()


def contents(folder, all_pages):
    """The navigation of a folder: its README.md, then as that links, then by name"""
    mine = [path for path in all_pages if path.startswith(folder + "/")]
    index = os.path.join(folder, "README.md")
    linked = []
    if index in mine:
        linked = [place(index, target) for _, _, target in LINK.findall(text_of(index))]
    order = [path for path in [index] + linked + mine if path in mine]
    items, seen = [], set()
    for path in order:
        inside = os.path.relpath(path, folder).split(os.sep)
        one = path if len(inside) == 1 else os.path.join(folder, inside[0])
        if one not in seen:
            seen.add(one)
            items.append({title_of(one): one} if one == path else {name_of(one): contents(one, all_pages)})
    return items


def on_files(files, config):
    """Paths are those of the tree, so its links hold."""
    all_pages = pages()
    others = glob.glob("doc/pictures/*.svg", root_dir=ROOT) + ["doc/site/extra.css"]
    kinds = [(name, folder) for name, folder in KINDS if any(path.startswith(folder + "/") for path in all_pages)]
    start = [path for path in all_pages if path == "README.md" or os.path.dirname(path) == "doc"]
    placed = set(start) | {path for path in all_pages for _, folder in kinds if path.startswith(folder + "/")}
    config["nav"] = ([{"Start": [{title_of(path): path} for path in start]}] +
                     [{name: contents(folder, all_pages)} for name, folder in kinds] +
                     [{"Project": [{title_of(path): path} for path in all_pages if path not in placed]}])
    # the theme's own files stay
    kept = [file for file in files if not file.abs_src_path.startswith(ROOT + os.sep)]
    return Files(kept + [File(path, ROOT, config["site_dir"], False) for path in all_pages + others])


def relink(path, text, known):
    """Folders become their README.md, what is no page becomes text."""
    def one(match):
        mark, label, target = match.groups()
        there = place(path, target)
        if not there or mark or not os.path.exists(os.path.join(ROOT, there)):
            return match.group(0)       # of another host, a picture, or broken: the check of links tells
        if there not in known:
            return '<span title="%s, in the source tree">%s</span>' % (there, label)
        anchor = target.partition("#")[1:]
        return "[%s](%s%s)" % (label, os.path.relpath(there, os.path.dirname(path)), "".join(anchor))
    return LINK.sub(one, text)


def twins(match):
    """Both, of which the style sheet shows the one of the mode that was chosen."""
    alt = re.search(r'alt="([^"]*)"', match.group(2))
    light = re.search(r'src="([^"]*)"', match.group(2)).group(1)
    return "![%s](%s#only-light)![%s](%s#only-dark)" % (alt.group(1) if alt else "", light,
                                                        alt.group(1) if alt else "", match.group(1))


def rewritten(lines):
    """GitHub's Markdown as MkDocs reads it: yields lines"""
    inside = []             # of the list items that are open: where their text begins
    fence = False           # within a block of code
    last = ""               # what the line before was: "" for a blank one, text, item, table, fence
    loose = False           # text that a blank line parts from what is before
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        bare = line[indent:]
        if not bare:
            yield line
            last = last if fence else ""
            continue
        item = None if fence else ITEM.match(line)
        if not fence:
            if item or not last:
                while inside and indent < inside[-1]:
                    inside.pop()
            kind = ("item" if item else "table" if bare.startswith("|") else
                    "fence" if bare.startswith("```") else "text")
            if last == "fence" or last and kind != last and kind in ("table", "fence") or item and last == "text" and (
                    loose or not inside):
                yield ""
            loose = kind == "text" and (not last or loose)
            last = kind
        level = len([at for at in inside if at <= indent])
        rest = indent - (inside[level - 1] if level else 0)
        if bare.startswith("```"):
            language, _, name = bare[3:].partition(" ")
            if not fence:
                bare = "```" + language + (' title="%s"' % name if language == "json" and name else "")
            fence = not fence
            last = "fence"
        elif last == "table":
            bare = re.sub(r"`[^`]*`", lambda code: code.group(0).replace("\\|", "|"), bare)
        yield " " * (4 * level + (0 if item else rest)) + bare
        if item:
            inside.append(indent + len(item.group(2)) + len(item.group(3)))


def on_page_markdown(markdown, page, config, files):
    path = page.file.src_uri
    known = {file.src_uri for file in files}
    parts = re.split(r"(^ *```.*?^ *```$)", markdown, flags=re.M | re.S)
    parts = [part if i % 2 else PICTURE.sub(twins, relink(path, part, known)) for i, part in enumerate(parts)]
    text = "\n".join(rewritten("".join(parts).split("\n")))
    if path == "README.md":
        # behind the first example
        parts = re.split(r"(?m)^(?=## )", text)
        demo = ("## The demonstration\n\n`make demo` prints this, in a throw-away cluster:\n\n"
                "``` { .text .demo }\n%s```\n\n")
        parts.insert(min(2, len(parts)), demo % text_of("demo/expected.txt"))
        text = "".join(parts)
    return text
