from kit.errors import Refusal
from services.points.domain import errors


def test_the_tree_names_every_refusal_beside_its_kind() -> None:
    assert errors.__doc__ is not None
    tree: dict[str, set[str]] = {}
    kind = ""
    for line in errors.__doc__.splitlines()[2:]:
        said, names = line[:14].strip(), line[14:]
        kind = said or kind
        tree.setdefault(kind, set()).update(name for name in names.split() if name != "·")
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Refusal)]
    told = [each for each in classes if each.__module__ == errors.__name__]
    assert {(each.__base__.__name__, each.__name__) for each in told if each.__base__} == {
        (kind, name) for kind, names in tree.items() for name in names
    }
