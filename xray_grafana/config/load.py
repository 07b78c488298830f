"""A config file, the environment and `--set` to one checked Config, or to every mistake at once.

A flag wins over a variable, a variable over the file, the file over the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from xray_grafana.config.consistency import inconsistencies
from xray_grafana.config.field_errors import field_problems
from xray_grafana.config.inconsistency import Inconsistency
from xray_grafana.config.models import Config
from xray_grafana.config.nodes import Loc, Node, Place, place_of, plain_of
from xray_grafana.config.overrides import apply_overrides, overrides_of_environment, overrides_of_flags
from xray_grafana.config.read import read_yaml
from xray_grafana.config.wording import shown_key
from xray_grafana.errors import ConfigError, ConfigProblem

_NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})
_MOST_BYTES: Final = 16 * 2**20
_INIT: Final = "xray-grafana init writes an example"


def load_config(path: Path, *, environ: Mapping[str, str] = _NO_VARIABLES, overrides: Sequence[str] = ()) -> Config:
    """The config in a UTF-8 file, with variables and `--set` values over it. Raises ConfigError with every mistake."""
    return parse_config(_text_of(path), str(path), environ=environ, overrides=overrides)


def parse_config(text: str, source: str, *, environ: Mapping[str, str] = _NO_VARIABLES, overrides: Sequence[str] = ()) -> Config:
    """The config in a YAML text; `source` is the file's name in messages. Raises ConfigError with every mistake, in file order."""
    written, yaml_problems = read_yaml(text, source)
    variables, variable_problems = overrides_of_environment(environ)
    flags, flag_problems = overrides_of_flags(overrides)
    root, override_problems = apply_overrides(written, (*variables, *flags))
    problems = [*yaml_problems, *variable_problems, *flag_problems, *override_problems]
    plain = plain_of(root)
    faulty: set[Loc] = set()
    try:
        config = Config.model_validate(plain)
    except ValidationError as error:
        faulty = {each["loc"] for each in error.errors(include_url=False, include_input=False, include_context=False)}
        problems += field_problems(error, root)
    problems += [_problem(each, root) for each in inconsistencies(plain) if each.loc not in faulty]
    if problems:
        raise ConfigError(tuple(sorted(problems, key=lambda problem: Place(problem.source, problem.line, problem.column).order)))
    return config


def _problem(found: Inconsistency, root: Node) -> ConfigProblem:
    place = place_of(root, found.loc)
    return ConfigProblem(place.source, place.line, place.column, shown_key(found.loc), found.got, found.expected, found.hint)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise _unreadable(path, f"more than {_MOST_BYTES // 2**20} MiB", "a config file", "is this the right file?")
        return content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise _unreadable(path, "no such file", "a config file", _INIT) from error
    except IsADirectoryError as error:
        raise _unreadable(path, "a folder", "a config file", _INIT) from error
    except PermissionError as error:
        raise _unreadable(path, "a file that you may not read", "a readable config file", _INIT) from error
    except OSError as error:
        raise _unreadable(path, f"an error of the system ({error.strerror})", "a readable config file", _INIT) from error
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        problem = ConfigProblem(str(path), line, column, "encoding", "bytes that are not UTF-8", "UTF-8 text", "save the file as UTF-8")
        raise ConfigError((problem,)) from error


def _unreadable(path: Path, got: str, expected: str, hint: str) -> ConfigError:
    return ConfigError((ConfigProblem(str(path), None, None, "config file", got, expected, hint),))
