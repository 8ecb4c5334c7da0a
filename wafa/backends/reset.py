"""Starting empty: the way out that every refusal about old data names."""

import shutil
from pathlib import Path

from wafa.backends import postgres, valkey
from wafa.backends.accounts import account_for_servers
from wafa.backends.state import State, unusable


def reset(folder: Path) -> list[Path]:
    """Deletes a state folder with all data, and returns the folders that were deleted. There is no way back.

    Raises BackendError when the folder is in use or belongs to another user.
    """
    if not folder.exists():
        return []
    state = State(folder, account_for_servers())
    doomed = sorted({state.folder, state.servers_home})
    try:
        postgres.stop_orphan(state.servers_home / "postgres")
        valkey.stop_orphan(state.servers_home / "valkey")
        doomed = [each for each in doomed if each.exists()]
        for each in doomed:
            shutil.rmtree(each)
    except OSError as error:
        raise unusable(folder, error) from error
    finally:
        state.close()
    return doomed
