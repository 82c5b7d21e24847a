"""What `./vla say` prints: each sentence once, and the outcome last."""

import pytest
from vla_interfaces.action import ExecuteCommand

from vla_bringup.say_command import Story


def message(text, progress):
    return ExecuteCommand.Feedback(message=text, progress=progress)


@pytest.mark.parametrize(
    ("last", "answer", "outcome", "printed"),
    [
        ("The drive would be too far.", "", "The drive would be too far.", 1),
        ("I have the cup.", "", "", 2),
        ("I see a cup.", "I see a cup.", "", 2),
        ("", "I see a cup.", "", 2),
        ("", "", "", 1),
    ],
)
def test_each_sentence_is_printed_once(capsys, last, answer, outcome, printed):
    story = Story(None, quiet=False)
    story.tell(message("Looking.", 0.2))
    story.tell(message(last, 1.0))
    shown = capsys.readouterr().out
    assert "Looking." in shown and "100 %" not in shown
    words = story.last_words(answer, outcome)
    assert words[-1] == (outcome or "Done.")
    assert len(words) == len(set(words)) == printed
