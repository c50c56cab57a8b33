"""`simk8s import lanl`: a page and a scenario that run."""

from __future__ import annotations

import random

HEAD = "System,nodes,nodenumz,node prod,node decom,Prob Started,Prob Fixed,Hardware\n"


def failures(folder):
    draw = random.Random(1)
    lines = [
        f"9,20,{draw.randrange(20)},2-May,current,{draw.randint(6, 12)}/{draw.randint(1, 28)}/2002 "
        f"{draw.randrange(20)}:{draw.randrange(60)},1/1/2002 0:00,Disk"
        for _ in range(60)
    ]
    lines[0] = "9,20,3,2-May,current,6/1/2002 1:00,6/1/2002 9:00,Disk"
    path = folder / "f.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    return path


def test_a_starter_with_failures(simk8s, tmp_path):
    out = tmp_path / "s.yaml"
    done = simk8s("import", "lanl", failures(tmp_path), "-o", out, "--speed", "5")
    assert done.code == 0, done.out + done.err
    assert "20 nodes" in done.out + done.err
    assert "time to repair" in done.out + done.err
    page = (tmp_path / "s.html").read_text()
    assert "Time between failures" in page
    assert simk8s("validate", out).code == 0
    # Laid over another, whose own faults stay.
    over = tmp_path / "o.yaml"
    assert simk8s("import", "lanl", failures(tmp_path), "--onto", out, "-o", over).code == 0
    assert over.read_text().count("nodeCrash:") == out.read_text().count("nodeCrash:") + 1


def test_bad_input_is_exit_2(simk8s, tmp_path):
    path = failures(tmp_path)
    bad = simk8s("import", "lanl", path, "-o", tmp_path / "s.yaml", "--systems", "a")
    assert (bad.code, "no numbers" in bad.out + bad.err) == (2, True)
    bad = simk8s("import", "lanl", path, "-o", tmp_path / "s.yaml", "--systems", "7")
    assert (bad.code, "the file has the systems 9" in bad.out + bad.err) == (2, True)
    elsewhere = tmp_path / "sub" / "s.yaml"
    bad = simk8s("import", "lanl", path, "--onto", path, "-o", elsewhere)
    assert (bad.code, "must be in the folder" in bad.out + bad.err) == (2, True)
