"""faster-whisper's own loading and decoding, with a Whisper whose weights are written by hand: it says one sentence."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from vla_common.outcomes import Code, VlaError
from vla_speech.backends import choose, make_recogniser
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.faster_whisper_recogniser import FasterWhisperRecogniser, find_model
from vla_speech.recogniser import Vocabulary

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
    recogniser = FasterWhisperRecogniser(WhisperConfig(model_size=str(model), initial_prompt=""))
    assert recogniser.languages == ("en",) and "int8" in recogniser.name
    found = recogniser.transcribe(np.zeros(16000, np.float32))
    assert found.text == "go to the table" and found.language == "en" and found.result.ok
    assert 0.0 < found.confidence <= 1.0
    recogniser.set_vocabulary(Vocabulary(("table",), ("cup",)))
    assert recogniser.transcribe(np.zeros(8000, np.float32)).text == "go to the table"


def test_auto_takes_it_when_it_is_here_and_says_why(model):
    recogniser, reason = make_recogniser(
        SpeechConfig(), WhisperConfig(model_size=str(model)), lambda sentence: None
    )
    assert recogniser.name.startswith("faster-whisper") and str(model) in reason


def test_a_language_that_the_model_lacks_is_refused_by_its_key(model):
    with pytest.raises(VlaError) as caught:
        FasterWhisperRecogniser(WhisperConfig(model_size=str(model), language="de"))
    assert "whisper.language" in caught.value.message


def test_a_missing_model_is_one_sentence_with_the_command_that_fetches_it(tmp_path):
    config = WhisperConfig(model_size="small", model_folder=str(tmp_path))
    with pytest.raises(VlaError) as caught:
        find_model(config)
    assert caught.value.code is Code.SPEECH_NO_MODEL
    assert "vla_speech.fetch_model small" in caught.value.message
    choice = choose(SpeechConfig(), config)
    assert choice.backend == "pocketsphinx" and "fetch_model small" in choice.reason
    with pytest.raises(VlaError):
        make_recogniser(SpeechConfig(backend="faster_whisper"), config, lambda sentence: None)


def test_a_folder_that_is_no_model_and_one_that_is_broken_are_named(tmp_path, model):
    with pytest.raises(VlaError) as caught:
        find_model(WhisperConfig(model_size=str(tmp_path)))
    assert "model.bin" in caught.value.message
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        (broken / file.name).write_bytes(b"garbage")
    with pytest.raises(VlaError) as caught:
        FasterWhisperRecogniser(WhisperConfig(model_size=str(broken)))
    assert caught.value.code is Code.SPEECH_NO_MODEL
