"""A checkpoint as it lies on disk, in the layout of `transformers`: JSON, text and safetensors.

Nothing of it is unpickled, and no code of it is run.
"""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import tokenizers
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from regard.recipe import UserError

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.spm", "README.md")  # of the hub
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")
CONVERT = (
    "convert them where you trust them: python -c \"from transformers import AutoModel; "
    "AutoModel.from_pretrained('{name}').save_pretrained('converted')\""
)  # fmt: skip
SLOW = ("vocab.txt", "*.model", "*.spm", "vocab.json")


class Source:
    """`name`: a folder, or a name on the hub such as OWNER/NAME, which is fetched."""

    def __init__(self, name: str | Path):
        self.name = str(name)
        self.folder = Path(name) if Path(name).is_dir() else fetched(self.name)
        if not (self.folder / "config.json").exists():
            raise UserError(
                f"{self.name}: has no config.json, so it is no checkpoint as transformers saves it"
            )
        self.config = self.json("config.json")
        if not isinstance(self.config.get("model_type"), str):
            raise UserError(f"{self.name}: its config.json has no model_type; it may be too old")

    def json(self, name: str) -> dict[str, Any]:
        """A JSON file; {} if it is not there. Raises UserError if it is damaged."""
        path = self.folder / name
        try:
            found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UserError(f"{path}: is no JSON object; the checkpoint is damaged, copy it again")
        return found

    # -- weights -----------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """All weights by name. Raises UserError if they are missing, pickled or damaged."""
        found: dict[str, Tensor] = {}
        for path in self.files():
            try:
                found |= load_file(path)
            except (SafetensorError, OSError) as error:
                raise UserError(f"{path}: damaged ({error}); copy it again") from None
        return found

    def files(self) -> list[Path]:
        """The files that weights lie in. Raises UserError if there are none."""
        if (self.folder / "model.safetensors").exists():
            return [self.folder / "model.safetensors"]
        index = self.json("model.safetensors.index.json").get("weight_map", {})
        names = sorted({str(name) for name in index.values()})
        for name in names:
            if not (self.folder / name).is_file() or Path(name).name != name:
                raise UserError(f"{self.name}: {name}, a part of its weights, is not there")
        if names:
            return [self.folder / name for name in names]
        pickled = any(next(self.folder.glob(pattern), None) for pattern in PICKLED)
        what = "only weights that run code when they are read" if pickled else "no safetensors"
        raise UserError(f"{self.name}: has {what}; {CONVERT.format(name=self.name)}")

    # -- tokenizer ---------------------------------------------------------------------------------

    @cached_property
    def reading(self) -> dict[str, Any]:
        """tokenizer_config.json."""
        return self.json("tokenizer_config.json")

    @cached_property
    def tokenizer(self) -> tokenizers.Tokenizer:
        """tokenizer.json, or one made of older files. Raises UserError if there is none."""
        path = self.folder / "tokenizer.json"
        text = path.read_text("utf-8") if path.exists() else self.converted()
        try:
            return tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # the library raises nothing more special
            raise UserError(f"{path}: damaged ({error}); copy it again") from None

    def converted(self) -> str:
        """A tokenizer.json of older files, by `transformers`. Raises UserError if it cannot be."""
        if not any(next(self.folder.glob(pattern), None) for pattern in SLOW):
            raise UserError(f"{self.name}: has no tokenizer.json")
        try:
            from transformers import AutoTokenizer
        except ImportError:
            raise UserError(
                f"{self.name}: has no tokenizer.json, and transformers, which can make one of its "
                "older files, is not installed: pip install 'regard[hf]'"
            ) from None
        try:
            made = AutoTokenizer.from_pretrained(
                self.folder, trust_remote_code=False, local_files_only=True
            )
            return made.backend_tokenizer.to_str()
        except Exception as error:  # whatever a stranger's files make of it
            said = str(error).strip().split("\n")[0]
            raise UserError(
                f"{self.name}: has no tokenizer.json, and none can be made of its files: {said}"
            ) from None

    @cached_property
    def named(self) -> dict[str, str]:
        """Special tokens by what config files call them, such as {"pad_token": "[PAD]"}."""
        found = {}
        for file in (self.json("special_tokens_map.json"), self.reading):
            for key, value in file.items():
                text = value.get("content") if isinstance(value, dict) else value
                if key.endswith("_token") and isinstance(text, str):
                    found[key] = text
        return found

    def specials(self) -> list[tuple[str, int]]:
        """Every token that the tokenizer marks as special, with its id."""
        added = self.tokenizer.get_added_tokens_decoder()
        return [(token.content, i) for i, token in sorted(added.items()) if token.special]

    # -- card --------------------------------------------------------------------------------------

    def licence(self) -> str | None:
        """What the card says of it."""
        path = self.folder / "README.md"
        text = path.read_text("utf-8", "replace") if path.exists() else ""
        head = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
        try:
            found = yaml.safe_load(head[1]) if head else {}
        except yaml.YAMLError:
            return None
        return str(found["license"]) if isinstance(found, dict) and found.get("license") else None


def fetched(name: str) -> Path:
    """Where a checkpoint of the hub lies on this machine. Raises UserError if there is none."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise UserError(f"{name}: no such folder, and no name on the hub, which are OWNER/NAME")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise UserError(
            f"{name}: no such folder; huggingface_hub, which fetches from the hub, is not "
            "installed: pip install 'regard[hf]'"
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(WANTED)))
    except Exception as error:  # no network, no such name, no leave
        said = str(error).strip().split("\n")[0]
        raise UserError(f"{name}: no such folder, and not to be had from the hub: {said}") from None
