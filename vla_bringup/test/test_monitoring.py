# SPDX-License-Identifier: Apache-2.0
"""The monitor's figures, rules and probe; pure: time and readings come from the tests."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import psutil
import pytest

from vla_bringup.monitor.config import GROUPS, MonitorConfig
from vla_bringup.monitor.health_rules import (
    CLEAR_AFTER_S,
    GROWTH_BINS,
    Alarm,
    Growth,
    HealthRules,
    Level,
)
from vla_bringup.monitor.machine_probe import MachineProbe, ProcessReading, PsutilReadings
from vla_bringup.monitor.measurements import (
    USUAL_MAX_AGE_S,
    MachineLoad,
    ProcessLoad,
    Sample,
    StageLatencies,
    TopicFigure,
    TopicFigures,
    nearest_rank,
)
from vla_common.configuration.config import from_values
from vla_common.contracts.outcomes import Code, VlaError

# --- parameters -------------------------------------------------------------------------------------


def test_entries_are_read():
    config = from_values(
        MonitorConfig, "monitor", {"topics": ["odom 5", "scene"], "stages": ["total 60"]}
    )
    assert config.topic_min_rates_hz == {"odom": 5.0, "scene": None}
    assert config.stage_limits_s == {"total": 60.0}
    assert from_values(MonitorConfig, "monitor", {"topics": []}).topic_min_rates_hz == {}
    assert {"monitor": MonitorConfig} == GROUPS


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("topics", "odom fast"),
        ("topics", "odom 0"),
        ("topics", "odom -5"),
        ("topics", "odom nan"),
        ("topics", "odom inf"),
        ("topics", "odom 5 Hz"),
        ("topics", ""),
        ("topics", "scene"),  # a second time
        ("stages", "planning"),
        ("stages", "dreaming 5"),
        ("stages", "planning 0"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused(name, entry):
    with pytest.raises(VlaError) as caught:
        from_values(
            MonitorConfig, "monitor", {name: ["scene", entry] if name == "topics" else [entry]}
        )
    assert caught.value.code == Code.INVALID_CONFIG
    assert f"monitor.{name}" in str(caught.value)


@pytest.mark.parametrize(("entry", "silence_s"), [("a 50", 3.0), ("a 0.2", 15.0), ("a", 3.0)])
def test_a_slow_topic_may_be_silent_for_three_periods(entry, silence_s):
    assert MonitorConfig(topics=(entry,)).topic_max_silence_s("a") == pytest.approx(silence_s)


# --- latencies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 50, 7.0),
        ([7.0], 95, 7.0),
        ([2.0, 1.0], 50, 1.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        (list(range(1, 101)), 50, 50),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 21)), 95, 19),
        (list(range(1, 22)), 95, 20),
        ([5.0, 4.0], 0, 4.0),
        ([5.0, 4.0], 100, 5.0),
    ],
)
def test_nearest_rank(values, percent, expected):
    assert nearest_rank(values, percent) == expected


def test_nearest_rank_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no values"):
        nearest_rank([], 50)


def test_latencies_are_bounded_and_count_only_stages_that_ran():
    latencies = StageLatencies(max_commands=3)
    assert latencies.figures() == ()
    for total in (100.0, 1.0, 2.0, 3.0):
        latencies.command_ended(
            {"total": total, "planning": 0.0, "executing": float("nan"), "other": 1.0}, 0.0
        )
    (figure,) = latencies.figures()
    assert (figure.stage, figure.count, figure.p50_s, figure.p95_s) == ("total", 3, 2.0, 3.0)


def test_the_usual_time_follows_the_last_commands_and_forgets():
    latencies = StageLatencies()
    latencies.command_ended({"planning": 9.0}, 0.0)
    latencies.command_ended({"planning": 9.0}, 1.0)
    assert latencies.usual_s(1.0) == {}  # two commands say little
    latencies.command_ended({"planning": 9.0}, 2.0)
    assert latencies.usual_s(2.0) == {"planning": 9.0}
    for number in range(10):
        latencies.command_ended({"planning": 1.0}, 10.0 + number)
    assert latencies.usual_s(20.0) == {"planning": 1.0}
    assert latencies.usual_s(20.0 + USUAL_MAX_AGE_S) == {}


# --- topics -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrivals", "now_s", "rate_hz", "age_s"),
    [
        ([], 4.0, None, None),  # watched for less than the window
        ([], 5.0, 0.0, None),
        ([1.0], 1.5, None, 0.5),
        ([1.0], 6.0, 0.2, 5.0),
        ([0.0, 1.0, 2.0, 3.0, 4.0], 4.5, 1.0, 0.5),
        ([number / 50 for number in range(200)], 4.0, 50.0, 0.02),
        ([0.0, 1.0, 2.0], 4.0, 0.5, 2.0),  # silent for two periods: 2 intervals in 4 s
        ([0.0, 1.0, 2.0], 7.5, 0.0, 5.5),  # all outside the window
        ([3.0, 3.0], 3.0, None, 0.0),  # two at once: no time to divide by
        ([0.0, 3.0, 1.0], 3.0, 2.0 / 3.0, 0.0),  # never back in time
    ],
)
def test_rate_and_age(arrivals, now_s, rate_hz, age_s):
    figures = TopicFigures("odom", window_s=5.0)
    figures.published(1, 0.0)
    for at_s in arrivals:
        figures.arrived(at_s)
    figure = figures.figure(now_s)
    assert figure.rate_hz == (None if rate_hz is None else pytest.approx(rate_hz))
    assert figure.age_s == (None if age_s is None else pytest.approx(age_s))
    assert (figure.publishers, figure.messages) == (1, len(arrivals))


def test_silence_counts_from_the_first_publisher_on():
    figures = TopicFigures("scan", window_s=5.0)
    figures.published(0, 0.0)
    assert figures.figure(100.0) == TopicFigure("scan")
    figures.published(1, 100.0)
    assert figures.figure(104.0) == TopicFigure("scan", 1, None, None, 4.0)
    figures.published(0, 104.0)
    assert figures.figure(106.0) == TopicFigure("scan", 0, 0.0, None, 6.0)


# --- rules ------------------------------------------------------------------------------------------

CONFIG = MonitorConfig(
    topics=("odom 5", "scene"),
    disk_free_min=500.0,
    memory_max=90.0,
    cpu_max=95.0,
    cpu_max_time=30.0,
    node_memory_max=1000.0,
    node_growth_max=100.0,
    node_growth_window=600.0,
    stages=("planning 15",),
)
FINE = MachineLoad(10.0, 20.0, 9000.0, 1.0, 1.0, 100, 300.0)


def machine(**values):
    return Sample(machine=replace(FINE, **values))


def node(memory_mb):
    return Sample(machine=FINE, nodes={"planner": ProcessLoad(1.0, memory_mb)})


def odom(rate_hz, silent_s, publishers=1):
    return Sample(
        machine=FINE, topics=[TopicFigure("odom", publishers, rate_hz, silent_s, silent_s)]
    )


def planning(usual_s):
    return Sample(
        machine=FINE, usual_stage_times_s={} if usual_s is None else {"planning": usual_s}
    )


@pytest.mark.parametrize(
    "sample",
    [
        Sample(),
        machine(),
        machine(disk_free_mb=500.0, memory_percent=90.0, cpu_percent=95.0),
        machine(disk_free_mb=None, memory_percent=None, cpu_percent=None),
        node(1000.0),
        Sample(nodes={"planner": ProcessLoad()}),
        odom(5.0, 0.1),
        odom(50.0, 3.0),
        odom(None, None),  # never had a publisher
        odom(None, 2.0),  # just began
        Sample(topics=[TopicFigure("scene", 1, 0.0, 1000.0, 1000.0)]),  # no least rate
        Sample(topics=[TopicFigure("other", 1, 0.0, 1000.0, 1000.0)]),
        planning(15.0),
        planning(None),
    ],
)
def test_at_the_limits_all_is_well(sample):
    rules = HealthRules(CONFIG)
    assert [rules.update(sample, float(now)) for now in range(100)] == [()] * 100


@pytest.mark.parametrize(
    ("sample", "raised_s", "subject", "level", "words"),
    [
        (machine(disk_free_mb=499.0), 0, "machine/disk", Level.WARN, ["499 MB", "500 MB"]),
        (machine(disk_free_mb=124.0), 0, "machine/disk", Level.ERROR, ["124 MB"]),
        (machine(memory_percent=91.0), 0, "machine/memory", Level.WARN, ["91 %", "90 %"]),
        (machine(cpu_percent=96.0), 30, "machine/CPU", Level.WARN, ["96 %", "95 %", "30 s"]),
        (node(1001.0), 0, "nodes/planner", Level.WARN, ["planner", "1001 MB", "1000 MB"]),
        (odom(4.9, 0.1), 3, "topics/odom", Level.WARN, ["odom", "4.9 Hz", "5 Hz"]),
        (odom(4.9, 3.1), 0, "topics/odom", Level.ERROR, ["odom", "silent", "3 s"]),
        (odom(None, 9.0), 0, "topics/odom", Level.ERROR, ["silent"]),
        (odom(0.0, 9.0, 0), 0, "topics/odom", Level.ERROR, ["silent", "Nobody publishes"]),
        (planning(15.1), 0, "stages/planning", Level.WARN, ["Planning", "15.1 s", "15 s"]),
    ],
)
def test_beyond_a_limit_there_is_one_finding(sample, raised_s, subject, level, words):
    rules = HealthRules(CONFIG)
    for now in range(raised_s):
        assert rules.update(sample, float(now)) == ()
    (finding,) = rules.update(sample, float(raised_s))
    assert (finding.subject, finding.level) == (subject, level)
    assert [word for word in words if word not in finding.sentence] == []
    assert finding.sentence.endswith(".")


@pytest.mark.parametrize(
    ("bad", "nearly", "well"),
    [
        (machine(disk_free_mb=499.0), machine(disk_free_mb=549.0), machine(disk_free_mb=550.0)),
        (machine(memory_percent=91.0), machine(memory_percent=85.1), machine(memory_percent=85.0)),
        (machine(cpu_percent=96.0), machine(cpu_percent=90.1), machine(cpu_percent=90.0)),
        (node(1001.0), node(901.0), node(900.0)),
        (odom(1.0, 9.0), odom(4.9, 0.1), odom(5.0, 0.1)),
        (planning(20.0), planning(15.1), planning(None)),
    ],
)
def test_a_finding_stays_until_all_is_clearly_well(bad, nearly, well):
    rules = HealthRules(CONFIG)
    now = 0.0
    while not rules.update(bad, now):
        now += 1.0
        assert now < 60.0
    for _ in range(20):
        now += 1.0
        assert len(rules.update(nearly, now)) == 1
    for _ in range(int(CLEAR_AFTER_S)):  # well, but not for long enough
        now += 1.0
        assert len(rules.update(well, now)) == 1
    assert rules.update(well, now + 1.0) == ()


def test_peaks_of_the_cpu_are_no_finding():
    rules = HealthRules(CONFIG)
    for now in range(1000):
        busy = machine(cpu_percent=10.0 if now % 30 == 0 else 100.0)
        assert rules.update(busy, float(now)) == ()


def test_what_was_not_measured_neither_raises_nor_clears():
    rules = HealthRules(CONFIG)
    assert rules.update(machine(memory_percent=99.0), 0.0)
    for now in range(1, 30):
        (finding,) = rules.update(machine(memory_percent=None), float(now))
        assert "nan" not in finding.sentence and "None" not in finding.sentence


def test_a_node_that_is_gone_takes_its_finding_with_it():
    rules = HealthRules(CONFIG)
    assert rules.update(node(5000.0), 0.0)
    assert rules.update(machine(), 1.0) == ()
    assert rules.update(node(950.0), 2.0) == ()  # it starts with the full limit


def test_findings_of_all_rules_come_together():
    sample = Sample(
        replace(FINE, disk_free_mb=1.0, memory_percent=99.0),
        {"planner": ProcessLoad(1.0, 5000.0)},
        odom(0.0, 9.0).topics,
        (),
        {"planning": 99.0},
    )
    subjects = [finding.subject for finding in HealthRules(CONFIG).update(sample, 0.0)]
    assert subjects == [
        "machine/disk",
        "machine/memory",
        "nodes/planner",
        "topics/odom",
        "stages/planning",
    ]


def test_an_alarm_that_comes_and_goes_is_never_raised_nor_cleared():
    alarm = Alarm(clear_after_s=5.0)
    for now in range(49):
        assert not alarm.update(now % 3 != 0, float(now), 3.0)
    assert [alarm.update(True, 49.0 + now, 3.0) for now in range(4)] == [False] * 3 + [True]
    for now in range(53, 100):
        assert alarm.update(now % 5 == 0, float(now), 3.0)


# --- growth -----------------------------------------------------------------------------------------

WINDOW_S = 600.0
HOUR_S = 3600.0
FULL = int(WINDOW_S * (GROWTH_BINS + 1) / GROWTH_BINS)
"""Seconds after which the growth must be known: the window and one part more."""


@pytest.mark.parametrize(
    ("size_mb", "expected_mb_per_h"),
    [
        (lambda t, _: 100.0 + 360.0 * t / HOUR_S, 360.0),
        (lambda t, noise: 100.0 + 360.0 * t / HOUR_S + noise, 360.0),
        (lambda t, _: 100.0 + 6.0 * (t // 60), 360.0),  # a leak in small steps
        (lambda t, _: 100.0, 0.0),
        (lambda t, noise: 100.0 + noise, 0.0),
        (lambda t, _: 100.0 - t / 100.0, 0.0),
        (lambda t, _: 100.0 if t < 350 else 400.0, 0.0),  # a model was loaded
        (lambda t, _: 100.0 + (t % 250), 0.0),  # a cache that is emptied
        (lambda t, _: 100.0 + min(t, 300.0), 0.0),  # a cache that has its size
        (lambda t, _: 100.0 + (t if t % 50 == 9 else 0.0), 0.0),  # ever higher peaks
        (lambda t, _: 100.0 + min(t, 99.0) * 10.0, 0.0),  # starting
    ],
)
def test_only_steady_growth_is_growth(size_mb, expected_mb_per_h):
    growth = Growth(WINDOW_S)
    noise = random.Random(1)
    seen = set()
    for now in range(FULL + 1):
        growth.add(size_mb(float(now), noise.uniform(0.0, 5.0)), float(now))
        seen.add(growth.mb_per_h)
    assert growth.mb_per_h == pytest.approx(expected_mb_per_h, rel=0.1)
    if not expected_mb_per_h:
        assert max(seen) < CONFIG.node_growth_max


def test_after_a_gap_growth_begins_anew():
    growth = Growth(WINDOW_S)
    for now in range(FULL):
        growth.add(100.0 + now, float(now))
    assert growth.mb_per_h > 1000.0
    growth.add(5000.0, FULL + WINDOW_S)
    assert growth.mb_per_h == 0.0


def test_a_node_that_grows_is_a_finding_until_it_no_longer_does():
    rules = HealthRules(CONFIG)
    now, first = 0.0, None
    while first is None and now < 2 * WINDOW_S:
        findings = rules.update(node(100.0 + now / 10.0), now)
        first = findings[0] if findings else None
        now += 1.0
    assert first is not None and now >= WINDOW_S
    assert (first.subject, first.level) == ("nodes/planner", Level.WARN)
    assert "grows steadily: 360 MB an hour" in first.sentence
    for _ in range(int(WINDOW_S)):
        findings = rules.update(node(200.0), now)
        now += 1.0
    assert findings == ()


# --- probe ------------------------------------------------------------------------------------------


class FakeReadings:
    def __init__(self):
        self.cpu = (10.0, 100.0)
        self.network = {"eth0": (1000, 500)}
        self.processes = {7: ProcessReading(1.0, 5.0, 50_000_000)}

    def cpu_s(self):
        return self.cpu

    def memory_percent(self):
        return 42.0

    def disk_free_bytes(self, folder):
        assert folder == "/somewhere"
        return 2_000_000_000

    def network_bytes(self):
        return self.network

    def process_count(self):
        return 99

    def process(self, pid):
        return self.processes.get(pid)


@pytest.fixture
def probe():
    readings = FakeReadings()
    probe = MachineProbe("/somewhere", readings)
    probe.readings = readings
    probe.sample({"planner": 7}, 0.0)
    return probe


def test_the_first_sample_has_no_differences():
    machine, loads = MachineProbe("/somewhere", FakeReadings()).sample({"a": 7}, 0.0)
    assert machine == MachineLoad(None, 42.0, 2000.0, None, None, 99, 50.0)
    assert loads == {"a": ProcessLoad(None, 50.0)}


def test_differences_between_two_samples(probe):
    probe.readings.cpu = (13.0, 104.0)
    probe.readings.network = {"eth0": (3500, 1000)}
    probe.readings.processes[7] = ProcessReading(1.0, 6.5, 60_000_000)
    machine, loads = probe.sample({"planner": 7}, 2.0)
    assert machine == MachineLoad(75.0, 42.0, 2000.0, 10.0, 2.0, 99, 60.0)
    assert loads == {"planner": ProcessLoad(75.0, 60.0)}


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (None, (None, None)),
        ({}, (None, None)),
        ({"eth0": (10, 600)}, (None, None)),  # wrapped, or began anew
        ({"eth0": (2000, 10)}, (None, None)),
        ({"wlan0": (9_000_000, 9_000_000)}, (None, None)),  # new
        ({"eth0": (1000, 500), "wlan0": (9_000_000, 9_000_000)}, (0.0, 0.0)),
    ],
)
def test_counters_that_say_nothing(probe, network, expected):
    probe.readings.network = network
    machine, _ = probe.sample({}, 1.0)
    assert (machine.network_receive_kbps, machine.network_send_kbps) == expected


@pytest.mark.parametrize(
    ("cpu", "percent"),
    [
        (None, None),
        ((10.0, 100.0), None),  # no time has passed
        ((9.0, 99.0), None),  # went back
        ((9.0, 101.0), 0.0),
        ((12.0, 101.0), 100.0),
    ],
)
def test_cpu_times_that_are_odd(probe, cpu, percent):
    probe.readings.cpu = cpu
    assert probe.sample({}, 1.0)[0].cpu_percent == percent


def test_a_process_that_vanishes_and_an_id_that_is_used_again(probe):
    probe.readings.processes = {}
    machine, loads = probe.sample({"planner": 7, "nobody": 0, "odd": -5}, 1.0)
    assert loads == {} and machine.nodes_memory_mb is None
    probe.readings.processes = {7: ProcessReading(1.0, 5.0, 1_000_000)}
    probe.sample({"planner": 7}, 2.0)
    probe.readings.processes = {7: ProcessReading(3.0, 0.1, 1_000_000)}
    assert probe.sample({"planner": 7}, 3.0)[1] == {"planner": ProcessLoad(None, 1.0)}


def test_a_shared_process_counts_once(probe):
    machine, loads = probe.sample({"planner": 7, "executor": 7}, 1.0)
    assert set(loads) == {"planner", "executor"}
    assert machine.nodes_memory_mb == 50.0


def test_a_clock_that_stands_still_gives_no_rates(probe):
    machine, loads = probe.sample({"planner": 7}, 0.0)
    assert machine.network_receive_kbps is None
    assert loads["planner"].cpu_percent is None


def test_this_machine_can_be_measured(tmp_path):
    probe = MachineProbe(str(tmp_path))
    gone = psutil.Popen(["true"])
    gone.wait()
    machine, loads = probe.sample({"me": os.getpid(), "gone": gone.pid}, 0.0)
    assert 0.0 < machine.memory_percent < 100.0
    assert machine.disk_free_mb > 0.0 and machine.process_count > 0
    assert set(loads) == {"me"} and loads["me"].memory_mb > 1.0
    assert probe.sample({"me": os.getpid()}, 1.0)[1]["me"].cpu_percent >= 0.0


@pytest.mark.parametrize(
    "error", [PermissionError(), FileNotFoundError(), psutil.AccessDenied(1), RuntimeError("x")]
)
def test_a_machine_that_says_nothing_is_no_error(monkeypatch, error):
    def refuse(*_, **__):
        raise error

    for name in ("cpu_times", "virtual_memory", "disk_usage", "net_io_counters", "pids", "Process"):
        monkeypatch.setattr(psutil, name, refuse)
    probe = MachineProbe("/somewhere", PsutilReadings())
    for now in (0.0, 1.0):
        assert probe.sample({"me": 1}, now) == (MachineLoad(), {})


def test_the_loopback_is_left_out(monkeypatch):
    counters = psutil.net_io_counters(pernic=True) or {}
    one = next(iter(counters.values()))
    monkeypatch.setattr(
        psutil, "net_io_counters", lambda **_: {"lo": one, "lo0": one, "eth0": one, "lora": one}
    )
    assert set(PsutilReadings().network_bytes()) == {"eth0", "lora"}
