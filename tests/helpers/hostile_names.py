"""Names that yaml, Hydra's grammar or Python would like to take for something else."""

from __future__ import annotations

from typing import Final

_NUMBERS = """
    1_1 1_2 2024_03 2024_03_01 1e3 1E3 1e-3 1e+3 007 08 0007 010 0o17 0x1F 0xFF 0b11 1_000_000 _1 1_
    1__1 +1 -1 -0 +0 00 0 11 11.0 1.0 1.50 10.50 0.50 .5 5. -.5 +.5 1_0.5 1.e3 .5e3 1e400 -1e400
    12345678901234567890 123456789012345678.0 0.1234567890123456789 1:30 1:30:00 01:02:03 12:30:45.5
    190:20:30 1/2 50% 1,000 1.000,5 1e 1e+ e3 0x 0xG 1e3e3 ٣ ² ½ １２
"""
_WORDS = """
    on off yes no y n true false On Off Yes No Y N True False ON OFF YES NO TRUE FALSE TrUe
    null Null NULL nUlL None none NaN nan NAN .nan .NaN inf Inf INF -inf +inf .inf -.inf Infinity
    undefined nil void ~ ~name ~1 default all auto (blank) ??? ? - -- --- -x --x -1x ... .. = == <<
    * & ! @ # % ^ ` | > @x *x &x !x %x |x >x `x
"""
_DATES = """
    2024-03-01 2024-3-1 01.03.2024 03/01/2024 2024-03-01T10:00:00 2024-03-01T10:00:00Z 20240301
    2024-W09 2024-060 10:30 10h30 24-03-01 2024-03 1999-12-31 0000-00-00 T10 P1D
"""
_WRITTEN = [
    *(
        "P01, left",
        "a,b",
        ",",
        "a=b",
        "=a",
        "a==b",
        "x=1_1",
        "[a]",
        "[1_1]",
        "a[1]",
        "a]",
        "[2024] x",
    ),
    *("{a}", "{a: 1}", "a{b}", "a}", "(a)", "a (2)", "a(b", "choice(a,b)", "range(1,3)", "glob(*)"),
    *("it's", "'a'", '"a"', 'say "a"', "'", '"', "''", '""', "a'b\"c", "\\", "a\\", "\\a", "a\\'b"),
    *(
        "C:\\study\\P01",
        "C:/study",
        "a b",
        "a  b",
        "1 1",
        "1 _1",
        "on off",
        "1_1 2",
        "a: b",
        "a:b",
        ":a",
    ),
    *("a:", "a #b", "#a", "a# b", "- a", "? a", "! a", "a\tb", "@home", "a@b", "user@host", "a/b"),
    *(
        "/a/1_1",
        "1e3/1_1",
        "./1_1",
        "../007",
        "a.b",
        "a.mp4",
        "007.mp4",
        "1_1.mp4",
        "1e3.csv",
        "2024.03",
    ),
    *(
        "Zoë",
        "Jürgen 1",
        "Ωmega",
        "参加者1",
        "участник_1",
        "مشارك",
        "é",
        "e\u0301",
        "😀",
        "naïve",
        "ß",
    ),
    *("Étude (2024)", "ﬁ", "a\u00a0b", "a\u200bb", "–", "a–b", "„a“", "«a»", "Ø1", "İ", "١_١"),
    *(
        "hydra.x",
        "_target_",
        "self",
        "_self_",
        "a+b",
        "+a",
        "++a",
        "a-b",
        "a_b",
        "$a",
        "a$b",
        "$",
        "%20",
    ),
    *(
        "a%20b",
        "a&b",
        "a;b",
        "a|b",
        "a<b>",
        "a*",
        "a?",
        "!important",
        "a!",
        "^a",
        "a^b",
        "`a`",
        "a~b",
    ),
]
HOSTILE: Final = tuple(dict.fromkeys([*(_NUMBERS + _WORDS + _DATES).split(), *_WRITTEN]))
"""More than 200 names."""
