import re

from export import timing


def test_every_stage_and_the_peak_of_memory_are_printed(tmp_path, capsys):
    argv = ["--model", "ghostnet_010", "--weights", "seeded", "--size", "32", "--recipe", "float32"]

    assert timing.main([*argv, "--out", str(tmp_path)]) == 0

    printed = capsys.readouterr().out
    seconds = dict(re.findall(r"(?m)^(\S.*?) +([\d.]+) s$", printed))
    assert {"convert to float32", "run the Keras model", "float32", "all stages"} <= seconds.keys()
    parts = [float(spent) for stage, spent in seconds.items() if stage != "all stages"]
    assert abs(sum(parts) - float(seconds["all stages"])) < 0.1 * len(seconds)
    assert float(re.search(r"peak memory +([\d,]+) MiB", printed)[1].replace(",", "")) > 100  # type: ignore
