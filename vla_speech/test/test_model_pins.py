# SPDX-License-Identifier: Apache-2.0
"""Models are fetched at a revision that can't change, and weights that are not those that were meant are not kept."""

import hashlib

import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_speech.fetch_model import main
from vla_speech.recognition.whisper.model_pins import DIGEST, PINS, REVISION, pin

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_every_known_model_is_pinned():
    for known in PINS.values():
        assert REVISION.fullmatch(known.revision)
        assert not known.sha256 or DIGEST.fullmatch(known.sha256)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("somebody/whisper",), "--revision COMMIT"),
        (("base", "main"), "no revision"),
        (("somebody/whisper", "v1.0"), "not a branch or tag"),
        (("base", "", "12ab"), "64 hex digits"),
    ],
)
def test_what_can_change_is_refused(arguments, sentence):
    with pytest.raises(VlaError, match=sentence) as caught:
        pin(*arguments)
    assert caught.value.code is Code.INVALID_CONFIG


def test_another_revision_does_not_keep_the_digest_of_the_known_one():
    assert pin("base") == PINS["base"] == pin("Systran/faster-whisper-base")
    assert pin("base", COMMIT).sha256 == ""
    assert pin("somebody/whisper", COMMIT).repository == "somebody/whisper"


@pytest.mark.parametrize("right", [True, False])
def test_weights_are_held_against_their_digest(tmp_path, right, capsys):
    asked = []

    def fetch(repository, revision, folder):
        asked.append((repository, revision))
        blob = tmp_path / "blob"
        blob.write_bytes(b"weights")
        folder = tmp_path / "snapshot"
        folder.mkdir()
        (folder / "model.bin").symlink_to(blob)
        return folder

    digest = hashlib.sha256(b"weights").hexdigest() if right else "0" * 64
    code = main(["somebody/whisper", "--revision", COMMIT, "--sha256", digest], fetch)
    assert asked == [("somebody/whisper", COMMIT)]
    assert code == (0 if right else 1)
    assert (tmp_path / "blob").exists() is right
    assert (tmp_path / "snapshot" / "model.bin").is_symlink() is right
    assert ("not those that were meant" in capsys.readouterr().err) is not right


def test_nothing_is_fetched_without_a_revision(capsys):
    assert main(["somebody/whisper"], lambda *_: pytest.fail("fetched")) == 1
    assert "--revision" in capsys.readouterr().err
