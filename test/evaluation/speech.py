# SPDX-License-Identifier: Apache-2.0
"""`./vla eval speech`: how well spoken commands are understood, in voices and noise that are made on the spot.

The sound is synthetic (espeak-ng, see shared/spoken_corpus.py): the figures compare recognisers and versions of this
software, they do not promise how people are understood. No ROS process: the core of vla_speech is fed directly, faster
than real time. Seeds from 10000 on have sentences and voices that nothing was tuned with.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_common.contracts.outcomes import VlaError
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.planning import Planner
from vla_speech.config import SpeechConfig, WhisperConfig
from vla_speech.listening.assembly import make_parts
from vla_speech.recognition.vocabulary import vocabulary_of
from vla_testing.corpus import spoken_corpus
from vla_testing.corpus.offline_hearing import Heard, OfflineHearing, word_errors, words_of
from vla_testing.corpus.spoken_corpus import EVALUATION_SEED, NOISES, RATE_HZ, SNRS_DB, Clip, Kind
from vla_testing.measuring import percentile, verdict
from vla_testing.planner.fixtures import CATALOGS, SCENES

LEVELS: tuple[float | None, ...] = (None, *SNRS_DB)
NOISE_CLIP_S = 60.0
NOISE_LEVELS_DB = (-45.0, -35.0, -25.0)
SCENE = SCENES["room"]
HOUR_S = 3600.0

TARGET_EXACT = {None: 0.90, 20.0: 0.85, 10.0: 0.70}
"""Share of commands that come out word for word; by noise level."""
TARGET_STOPS = {None: 0.95, 20.0: 0.95, 10.0: 0.90}
TARGET_CHATTER = 0.05
"""Share of sentences not for the robot that may be taken for a command."""
TARGET_WRONG = 0.02
"""Share of commands, clean and at 20 dB, that may be carried out as other commands."""
TARGET_STOP_S = 0.5
TARGET_FACTOR = 0.5


@dataclass(frozen=True)
class Level:
    """What was heard of all kinds of clips at one noise level."""

    snr_db: float | None
    heard: dict[Kind, list[Heard]]

    @property
    def name(self) -> str:
        return "clean" if self.snr_db is None else f"{self.snr_db:g} dB"


class Meaning:
    """What a sentence would make the robot do, by the offline planner in the scene `room`."""

    def __init__(self) -> None:
        self._planner = Planner(PlannerConfig(backends=("rules",)), LlmConfig())
        self._known: dict[str, Any] = {}

    def of(self, text: str) -> list[dict[str, Any]] | None:
        """The steps; None when there is no plan."""
        if text not in self._known:
            plan = self._planner.plan(text, SCENE, CATALOGS[""]).plan
            self._known[text] = None if plan is None else [step.to_json() for step in plan.steps]
        return self._known[text]  # type: ignore[no-any-return]


def commands(heard: Sequence[Heard], meaning: Callable[[str], Any]) -> dict[str, Any]:
    """Figures of clips that say commands."""
    words = sum(len(words_of(item.clip.text)) for item in heard)
    errors = sum(
        word_errors(item.clip.text, " ".join(said.text for said in item.said)) for item in heard
    )
    exact = sum(_texts(item) == [words_of(item.clip.text)] for item in heard)
    same = sum(
        len(item.commands) == 1 and meaning(item.commands[0].text) == meaning(item.clip.text)
        for item in heard
    )
    wrong = sum(
        any(
            meaning(said.text) is not None and meaning(said.text) != meaning(item.clip.text)
            for said in item.commands
        )
        for item in heard
    )
    delays = [
        1000.0 * (said.at_s + said.took_s - item.clip.end_s)
        for item in heard
        if len(item.said) == 1
        for said in item.said
    ]
    return {
        "clips": len(heard),
        "word_error_rate": errors / max(1, words),
        "exact": exact / max(1, len(heard)),
        "same_plan": same / max(1, len(heard)),
        "carried_out_wrongly": wrong / max(1, len(heard)),
        "stopped": sum(item.stopped for item in heard),
        "delay_ms": _spread(delays),
        "recognising_ms": _spread([1000.0 * said.took_s for item in heard for said in item.said]),
    }


def others(heard: Sequence[Heard], meaning: Callable[[str], Any]) -> dict[str, Any]:
    """Figures of sound in which nobody says a command: what came of it all the same."""
    hours = sum(item.clip.duration_s for item in heard) / HOUR_S
    taken = [said for item in heard for said in item.commands]
    return {
        "clips": len(heard),
        "hours": hours,
        "taken": sum(bool(item.commands) for item in heard) / max(1, len(heard)),
        "commands_per_hour": len(taken) / hours if hours else 0.0,
        "plans_per_hour": sum(meaning(said.text) is not None for said in taken) / hours
        if hours
        else 0.0,
        "stops": sum(item.stopped for item in heard),
        "stops_per_hour": sum(item.stopped for item in heard) / hours if hours else 0.0,
    }


def stops(heard: Sequence[Heard]) -> dict[str, Any]:
    delays = [1000.0 * item.stop_delay_s for item in heard if item.stop_delay_s is not None]
    return {
        "clips": len(heard),
        "recall": sum(item.stopped for item in heard) / max(1, len(heard)),
        "early": sum(bool(item.stops) for item in heard) / max(1, len(heard)),
        "delay_ms": _spread(delays),
    }


def noise_clips(seed: int, minutes: float) -> list[Clip]:
    """Noise without anybody in it, of every kind and loudness in turn."""
    out = []
    count = round(NOISE_CLIP_S * RATE_HZ)
    for number in range(max(1, round(minutes * 60.0 / NOISE_CLIP_S))):
        name = NOISES[number % len(NOISES)]
        level = 10 ** (NOISE_LEVELS_DB[number // len(NOISES) % len(NOISE_LEVELS_DB)] / 20)
        samples = spoken_corpus.make_noise(name, count, seed, number) * np.float32(level)
        out.append(Clip("", Kind.CHATTER, "", 0, name, None, samples.clip(-1, 1), 0.0, 0.0))
    return out


def factor(heard: Sequence[Heard]) -> float:
    """Processing per second of sound."""
    total_s = sum(item.clip.duration_s for item in heard)
    return sum(item.spent_s for item in heard) / total_s if total_s else 0.0


def _texts(item: Heard) -> list[list[str]]:
    return [words_of(said.text) for said in item.commands]


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}


class Evaluation:
    """One recogniser over the whole corpus."""

    def __init__(self, name: str, hearing: OfflineHearing, arguments: argparse.Namespace) -> None:
        self.name = name
        self._hearing, self._arguments = hearing, arguments
        self._meaning = Meaning()
        self.levels: list[Level] = []
        self.noise: list[Heard] = []

    def run(self) -> None:
        a = self._arguments
        counts = {
            Kind.COMMAND: a.clips,
            Kind.CHATTER: a.clips,
            Kind.STOP: max(1, a.clips // 2),
            Kind.NEAR_STOP: max(1, a.clips // 2),
        }
        for snr_db in LEVELS:
            heard = {}
            for kind, count in counts.items():
                clips = spoken_corpus.clips(a.seed, kind, count, snr_db)
                heard[kind] = [self._hearing.hear(clip) for clip in clips]
            self.levels.append(Level(snr_db, heard))
            print(f"  {self.name}: {self.levels[-1].name} done", file=sys.stderr, flush=True)
        self.noise = [self._hearing.hear(clip) for clip in noise_clips(a.seed, a.noise_minutes)]

    def all_heard(self) -> list[Heard]:
        return [item for level in self.levels for items in level.heard.values() for item in items]

    def figures(self) -> dict[str, Any]:
        out: dict[str, Any] = {"recogniser": self.name, "levels": {}}
        for level in self.levels:
            out["levels"][level.name] = {
                "commands": commands(level.heard[Kind.COMMAND], self._meaning.of),
                "chatter": others(level.heard[Kind.CHATTER], self._meaning.of),
                "stops": stops(level.heard[Kind.STOP]),
                "near_stops": others(level.heard[Kind.NEAR_STOP], self._meaning.of),
            }
        out["noise"] = others(self.noise, self._meaning.of)
        out["real_time_factor"] = factor(self.all_heard() + self.noise)
        return out

    def failures(self) -> list[str]:
        """One line for each clip of which the wrong thing came."""
        lines = []
        for level in self.levels:
            for kind, items in level.heard.items():
                for item in items:
                    if (wrong := self._wrong(kind, item)) is not None:
                        clip = item.clip
                        lines.append(
                            f"[{level.name} {clip.noise}] {kind.value}, {clip.voice} at {clip.words_per_minute}: "
                            f"'{clip.text}' {wrong}"
                        )
        return lines + [f"[noise {i.clip.noise}] {w}" for i in self.noise if (w := _came(i))]

    def _wrong(self, kind: Kind, item: Heard) -> str | None:
        came = _came(item)
        if kind is Kind.COMMAND:
            return None if _texts(item) == [words_of(item.clip.text)] else came or "nothing"
        if kind is Kind.STOP:
            return None if item.stopped else came or "nothing"
        return came if item.commands or item.stopped else None


def _came(item: Heard) -> str:
    parts = [f"stop '{stop.word}'" for stop in item.stops]
    for said in item.said:
        mark = "" if said.accepted else "not accepted "
        parts.append(f"{mark}'{said.text}' ({said.confidence:.2f})")
    return "-> " + ", ".join(parts) if parts else ""


def table(figures: dict[str, Any]) -> str:
    lines = [
        f"\n{figures['recogniser']}",
        f"{'':8s}{'commands':>41s}{'chatter':>20s}{'stop words':>28s}{'no stop':>9s}",
        f"{'':8s}{'WER':>7s}{'exact':>8s}{'plan':>7s}{'wrong':>7s}{'p50/p95 ms':>12s}"
        f"{'taken':>9s}{'per h':>7s}{'p/h':>4s}{'recall':>10s}{'at once':>8s}{'p50/p95':>10s}{'stops':>9s}",
    ]
    for name, level in figures["levels"].items():
        c, o, s, n = level["commands"], level["chatter"], level["stops"], level["near_stops"]
        lines.append(
            f"{name:8s}{_share(c['word_error_rate']):>7s}{_share(c['exact']):>8s}"
            f"{_share(c['same_plan']):>7s}{_share(c['carried_out_wrongly']):>7s}{_pair(c['delay_ms']):>12s}"
            f"{_share(o['taken']):>9s}{o['commands_per_hour']:7.0f}{o['plans_per_hour']:4.0f}"
            f"{_share(s['recall']):>10s}{_share(s['early']):>8s}{_pair(s['delay_ms']):>10s}"
            f"{n['stops']:>5d}/{n['clips']:<3d}"
        )
    noise = figures["noise"]
    false = _false_stops(figures)
    lines += [
        f"noise alone, {noise['hours'] * 60:.0f} min: {noise['commands_per_hour']:.1f} false commands and "
        f"{noise['stops_per_hour']:.1f} false stops an hour",
        f"chatter, near stops and commands, {false['hours'] * 60:.0f} min: {false['per_hour']:.1f} false stops an hour",
        f"real-time factor: {figures['real_time_factor']:.3f}",
    ]
    return "\n".join(lines)


LEGEND = """
WER: word error rate. exact: word for word and accepted. plan: the same plan as for what was said. wrong: another plan
would be carried out. ms: end of speech to transcript (hangover and recognising), or to the stop. taken: sentences not
for the robot that count as a command; per h: in an hour of such clips, half of which is voice; p/h: of these, those
that become a plan. at once: by the spotter, before the end of the utterance. no stop: near misses ("don't stop") that
stopped."""


def _false_stops(figures: dict[str, Any]) -> dict[str, float]:
    hours = count = 0.0
    for level in figures["levels"].values():
        for part in ("chatter", "near_stops"):
            hours += level[part]["hours"]
            count += level[part]["stops"]
        count += level["commands"]["stopped"]
        hours += level["commands"]["clips"] * 5.0 / HOUR_S
    return {"hours": hours, "per_hour": count / hours if hours else 0.0}


def checks(figures: dict[str, Any]) -> list[tuple[str, bool]]:
    levels, noise = figures["levels"], figures["noise"]
    out = []
    for snr_db, share in TARGET_EXACT.items():
        name = "clean" if snr_db is None else f"{snr_db:g} dB"
        got = levels[name]["commands"]["exact"]
        out.append((f"exact commands, {name}: {_share(got)} >= {_share(share)}", got >= share))
    for snr_db, share in TARGET_STOPS.items():
        name = "clean" if snr_db is None else f"{snr_db:g} dB"
        got = levels[name]["stops"]["recall"]
        out.append((f"stop words heard, {name}: {_share(got)} >= {_share(share)}", got >= share))
    taken = max(level["chatter"]["taken"] for level in levels.values())
    out.append(
        (f"chatter taken for commands: {_share(taken)} <= {_share(TARGET_CHATTER)}", taken <= TARGET_CHATTER)
    )  # fmt: skip
    wrong = max(levels[name]["commands"]["carried_out_wrongly"] for name in ("clean", "20 dB"))
    out.append(
        (
            f"commands carried out wrongly, clean and 20 dB: {_share(wrong)} <= {_share(TARGET_WRONG)}",
            wrong <= TARGET_WRONG,
        )
    )
    out.append(("no false command from noise alone", noise["commands_per_hour"] == 0.0))
    out.append(("no false stop from noise alone", noise["stops_per_hour"] == 0.0))
    delay = levels["clean"]["stops"]["delay_ms"].get("p95", float("inf"))
    out.append(
        (
            f"end of a stop word to the stop, p95, clean: {delay:.0f} <= {1000 * TARGET_STOP_S:.0f} ms",
            delay <= 1000 * TARGET_STOP_S,
        )
    )
    rtf = figures["real_time_factor"]
    out.append((f"real-time factor: {rtf:.2f} <= {TARGET_FACTOR:g}", rtf <= TARGET_FACTOR))
    return out


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _pair(spread: dict[str, float]) -> str:
    return f"{spread['p50']:.0f}/{spread['p95']:.0f}" if spread else "-"


def make_hearing(name: str) -> tuple[str, OfflineHearing]:
    """Name in full, and all that hears with one recogniser. Errors: VlaError when it can't be used here."""
    speech, whisper = SpeechConfig(backend=name, partial_interval_s=0.0), WhisperConfig()
    parts = make_parts(speech, whisper, lambda sentence: print(f"{name}: {sentence}"))
    parts.recognizer.set_vocabulary(
        vocabulary_of(SCENE.places, SCENE.objects, CATALOGS[""], speech.hot_words)
    )
    return parts.recognizer.name, OfflineHearing(parts, speech, whisper)


def main() -> int:
    arguments = parse()
    names = [arguments.recognizer] if arguments.recognizer else ["pocketsphinx", "faster_whisper"]
    all_figures, ok = [], True
    if arguments.seed < EVALUATION_SEED:
        print(f"seed {arguments.seed}: sentences and voices for tuning, no evaluation\n")
    for name in names:
        try:
            full_name, hearing = make_hearing(name)
        except VlaError as error:
            print(f"\n{name}: not evaluated: {error.message}")
            continue
        begin = time.monotonic()
        evaluation = Evaluation(full_name, hearing, arguments)
        evaluation.run()
        figures = evaluation.figures()
        all_figures.append(figures)
        print(table(figures))
        print(f"({time.monotonic() - begin:.0f} s)")
        if arguments.failures:
            print("\n" + "\n".join(evaluation.failures()))
        for what, met in checks(figures):
            print(verdict(what, met))
            ok = ok and met
    print(LEGEND)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(all_figures, indent=1) + "\n", encoding="utf-8")
    return 0 if ok and all_figures else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval speech", description=__doc__)
    parser.add_argument(
        "--recogniser",
        default="",
        choices=("pocketsphinx", "faster_whisper"),
        help="only this one (default: all that can be used here)",
    )
    parser.add_argument("--seed", type=int, default=EVALUATION_SEED, help="of the corpus")
    parser.add_argument(
        "--clips", type=int, default=42, help="commands, and as much chatter, per noise level"
    )
    parser.add_argument(
        "--noise-minutes", type=float, default=9.0, help="noise without anybody in it"
    )
    parser.add_argument("--quick", action="store_true", help="few clips: a look, no measurement")
    parser.add_argument("--failures", action="store_true", help="show what came out wrong")
    parser.add_argument("--json", default="", metavar="FILE", help="write the figures to a file")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.clips, arguments.noise_minutes = 21, 3.0
    return arguments


if __name__ == "__main__":
    sys.exit(main())
