"""English text as it is spoken: numbers, dates, times, money, units, symbols and abbreviations
become words.

`normalize` applies the rules in the order of this file; each leaves words, which the next ones pass
over. Every rule is a regular expression that starts at one place only and repeats bounded pieces,
so that the time grows with the length alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from studio.speech_text import english_numbers as numbers
from studio.speech_text import english_tables as tables
from studio.speech_text.currencies import CODE, CODES, ONE_SIGN, SIGN, SIGNS, Currency, any_of
from studio.speech_text.roman import PATTERN, value_of

Match = re.Match[str]


_DASH = "[-–—−~]"
# 1,234,567.8 · 12,34,567 · 1 234 (narrow spaces) · 1234.5 · .5
_N = (
    r"(?:\d{1,3}(?:[,'\u202f\u2009]\d{3})+(?!\d)(?:\.\d+)?|\d{1,3}(?:\s\d{3}){2,11}(?!\s?\d)(?:\.\d+)?"
    r"|\d{1,2}(?:,\d{2}){1,9},\d{3}(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
)
# Before or behind a currency or a unit also 2,75 and 1.234,56.
_Q = rf"(?:\d{{1,3}}(?:\.\d{{3}})+,\d{{1,2}}(?!\d)|\d+,\d{{1,2}}(?![\d,]\d)(?!\d)|{_N})"
_START = r"(?<![\w.,])"


def normalize(text: str) -> str:
    """Return cleaned English text (`cleaning.clean`) with everything written out that is not a
    word.
    """
    text = text.translate(_PUNCTUATION)
    for rule in _RULES:
        text = rule(text)
    return text.strip()


def _rule(
    pattern: str, replacement: Callable[[Match], str] | str, flags: int = 0
) -> Callable[[str], str]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.sub(replacement, text)


def _number(text: str) -> str:
    """Return a quantity in words, never digit by digit."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}", text):
        text = text.replace(",", ".")
    whole, point, fraction = text.partition(".")
    words = numbers.cardinal("".join(filter(str.isdecimal, whole)) or "0")
    return f"{words} point {numbers.digits(fraction)}" if point and fraction else words


def _is_one(text: str) -> bool:
    return text in ("1", "1.0", "1,0")


def _sign(sign: str | None) -> str:
    return {"-": "minus ", "−": "minus ", "–": "minus ", "+": "plus "}.get((sign or "").strip(), "")


# Addresses
# ----------------------------------------------------------------------

URL = (
    r"(?<![A-Za-z0-9_@.])(?:https?://|ftp://|www\.)[^\s<>\"'，。；！？、（）\u4e00-\u9fff]{1,2000}"
    rf"|(?<![A-Za-z0-9_@.-])(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,4}}(?:{tables.DOMAINS})(?![A-Za-z0-9_-]|"
    rf"\.[A-Za-z0-9])(?:/[\w./~%-]{{0,300}})?"
)
EMAIL = r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9_-])"  # noqa: E501
_ENDINGS = "pdf|txt|docx?|xlsx?|csv|png|jpe?g|gif|mp[34]|wav|py|js|html?|json|md|zip|exe|toml|xml"
_FILE = rf"(?<![\w./-])([A-Za-z][\w-]{{0,60}})\.({_ENDINGS})(?!\w)"


def read_email(match: Match) -> str:
    """Return an address of mail as words."""
    name, _at, host = match[0].partition("@")
    return f"{_address(name)} at {_address(host)}"


def read_url(match: Match) -> str:
    """Read host and path; leave out the scheme, "www" and what follows ? or #: nobody could follow
    it by ear.
    """
    found = match[0].rstrip(".,;:!?)'\"")
    tail = match[0][len(found) :]
    bare = re.sub(r"^(?:https?://|ftp://)?(?:www\.)?", "", found)
    bare = re.split(r"[?#]", bare, maxsplit=1)[0].rstrip("/")
    return _address(bare) + tail


def _address(text: str) -> str:
    names = {
        ".": " dot ",
        "/": " slash ",
        "-": " dash ",
        "_": " underscore ",
        "+": " plus ",
        ":": " colon ",
        "~": " tilde ",
    }
    words = "".join(
        names.get(character, character)
        for character in text
        if character.isalnum() or character in names
    )
    parts = re.findall(r"\d+|[^\d\s]+", words)
    return " ".join(_label(part) if part.isdecimal() else part for part in parts)


def _label(digits: str) -> str:
    """Return a number in a name: up to two digits as one number, others digit by digit."""
    return (
        numbers.cardinal(digits) if len(digits) < 3 and digits[0] != "0" else numbers.digits(digits)
    )


# Abbreviations and Roman numerals
# ----------------------------------------------------------------------


def _keeps_stop(match: Match) -> bool:
    """True where the full stop of an abbreviation ends the sentence too."""
    rest = match.string[match.end() : match.end() + 3]
    return not rest.strip() or bool(re.match(r"[\"')\]]?\s*[\"'(\[]?[A-Z]|\s*\n", rest))


def _abbreviation(match: Match) -> str:
    short = match[0]
    stop = "." if short in tables.MAY_END and short.endswith(".") and _keeps_stop(match) else ""
    return (tables.AFTER_NAMES.get(short) or tables.ABBREVIATIONS[short]) + stop


def _regnal(match: Match) -> str:
    value = value_of(match[2])
    return (
        f"{match[1]} the {numbers.ordinal(value)}"
        if value and match[2] not in ("L", "C", "D", "M")
        else match[0]
    )


def _roman(match: Match) -> str:
    value = value_of(match[2])
    return f"{match[1]}{match.string[match.end(1) : match.start(2)]}{value}" if value else match[0]


_STARTERS = r"(?:He|She|It|The|They|We|I|In|At|A|An|And|But|Then|This|That|On|There|Our|His|Her|When|If|So|You|My|Its|Next|No|Yes)\b"  # noqa: E501
"""Words that begin a sentence behind "St." and the like, where a name would mean Saint."""
_NUMERAL = rf"((?=[IVXLCDM]){PATTERN})(?![\w'’]|\.\w)"


# Dates
# ----------------------------------------------------------------------

_MONTH = any_of([*tables.MONTHS, *(name[:3] for name in tables.MONTHS), "Sept"])


def _date_words(month: int, day: int, year: str = "") -> str:
    """Return "May first, twenty twenty four"; empty where there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    return f"{tables.MONTHS[month - 1]} {numbers.ordinal(day)}" + (
        f", {_year(year)}" if year else ""
    )


def _year(text: str) -> str:
    if len(text) == 2:
        text = ("19" if int(text) > 50 else "20") + text
    return numbers.year(text)


def _iso_date(match: Match) -> str:
    words = _date_words(int(match[3]), int(match[4]), match[1])
    return words + (", " if words and match[5] else "") if words else match[0]


def _written_date(match: Match) -> str:
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    if len(year) == 2 and mark != "/":
        return match[0]
    day_first = mark == "." or first > 12
    month, day = (second, first) if day_first else (first, second)
    return _date_words(month, day, year) or match[0]


def _month_number(name: str) -> int:
    return tables.MONTH_OF[name.lower() if name.lower() in tables.MONTH_OF else name[:3].lower()]


def _month_day(match: Match) -> str:
    month, day, last, year = _month_number(match[1]), int(match[2]), match[3], match[4]
    words = _date_words(month, day)
    if not words:
        return match[0]
    words += f" to {numbers.ordinal(last)}" if last else ""
    return words + (f", {numbers.year(year)}" if year else "")


def _day_month(match: Match) -> str:
    before, day, last, month, year = (
        match[1] or "the ",
        int(match[2]),
        match[3],
        _month_number(match[4]),
        match[5],
    )
    if not 1 <= day <= 31:
        return match[0]
    days = numbers.ordinal(day) + (f" to {numbers.ordinal(last)}" if last else "")
    return f"{before}{days} of {tables.MONTHS[month - 1]}" + (
        f", {numbers.year(year)}" if year else ""
    )


def _month_year(match: Match) -> str:
    return f"{tables.MONTHS[_month_number(match[1]) - 1]}{match[2]}{numbers.year(match[3])}"


def _decade(match: Match) -> str:
    text = match[1] or match[2]
    high, tens = text[:-2], int(text[-2])
    if not tens:
        return (
            f"{numbers.cardinal(high)} hundreds" if int(high) % 10 else f"{numbers.cardinal(text)}s"
        )
    decade = "tens" if tens == 1 else numbers.plural(numbers.TENS[tens])
    return f"{numbers.cardinal(high)} {decade}" if high else decade


# Times
# ----------------------------------------------------------------------

_HALF = r"(?:\s?([AaPp])\.?[Mm](?:\.|(?![A-Za-z])))"
_CLOCK = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?"
_RATIO_CUE = re.compile(
    r"\b(?:ratio|aspect|scale|odds|score|mix|resolution|proportion|beat|won|lost)\b[^.!?]{0,24}$"
)


def _time_words(hour: str, minute: str | None, second: str | None, half: str | None) -> str:
    value = int(hour)
    if value in (0, 24) and not half and minute == "00" and not second:
        return "midnight"
    words = numbers.cardinal(value)
    if minute and (minute != "00" or second):
        words += " oh" if minute[0] == "0" else ""
        words += f" {numbers.cardinal(minute)}"
    elif not half:
        words += " o'clock"
    if second:
        words += f" and {numbers.cardinal(second)} second{'' if second == '01' else 's'}"
    return words + (f" {half.upper()}M" if half else "")


def _clock(match: Match) -> str:
    before = match.string[max(0, match.start() - 40) : match.start()].lower()
    if not match[4] and not match[3] and _RATIO_CUE.search(before):
        return match[0]
    first = _time_words(match[1], match[2], match[3], match[4])
    if match[5]:
        first += f" to {_time_words(match[5], match[6], match[7], match[8])}"
    return first + _stop_of_half(match)


def _half_day(match: Match) -> str:
    first = f"{_time_words(match[1], match[2], None, match[3] or match[6])}" if match[1] else ""
    if match[1] and not match[3]:  # 7-9 pm
        first = numbers.cardinal(match[1]) + (
            f" {numbers.cardinal(match[2])}" if match[2] and match[2] != "00" else ""
        )
    last = _time_words(match[4], match[5], None, match[6])
    return (f"{first} to {last}" if first else last) + _stop_of_half(match)


def _stop_of_half(match: Match) -> str:
    return "." if match[0].endswith(".") and _keeps_stop(match) else ""


# Telephone numbers, addresses of computers, versions
# ----------------------------------------------------------------------


def _groups(text: str) -> str:
    return ", ".join(numbers.digits(group) for group in re.findall(r"\d+", text))


def _international(match: Match) -> str:
    count = sum(character.isdecimal() for character in match[0])
    return f"plus {_groups(match[0])}" if 8 <= count <= 15 else match[0]


def _ip(match: Match) -> str:
    address, _colon, port = match[0].partition(":")
    if any(int(part) > 255 for part in address.split(".")):
        return match[0]
    words = " dot ".join(numbers.digits(part) for part in address.split("."))
    return words + (f" port {numbers.plain(port)}" if port else "")


def _version(match: Match) -> str:
    prefix = "version " if match[1] in ("v", "V") else match[1] or ""
    return prefix + " point ".join(_label(part) for part in match[2].split("."))


# Money
# ----------------------------------------------------------------------

_PER = r"(?:\s?/\s?(?P<per>[A-Za-zμ]{1,12})(?![A-Za-z0-9/]))?"
_PER_NAMES = {
    "mo": "month",
    "yr": "year",
    "y": "year",
    "d": "day",
    "wk": "week",
    "w": "week",
    "pp": "person",
    "ea": "each",
}
_SMALL_WORDS = (
    "a an and as at before but by each for from has have if in including into is it less more now "
    "of off on or over per plus "
    "since so than that the then to under until up was were when while which who will with would"
)
_NOT_NOUNS = frozenset(_SMALL_WORDS.split())


def _scale(word: str, letter: str) -> str:
    """Return a pattern of what may stand behind an amount, with these names for its groups:
    million, bn, k.
    """
    words = "hundred|thousand|million|billion|trillion"
    return rf"(?:\s?(?P<{word}>{words})s?\b|\s?(?P<{letter}>mio|Mio|mln|bln|trn|mn|bn|Bn|tn|MM|mm|[kKmMbBtT])(?![A-Za-z]))?"  # noqa: E501


def _amount(number: str, currency: Currency, *, before_noun: bool = False) -> str:
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", number):
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}", number):
        number = number.replace(",", ".")
    whole, point, cents = number.partition(".")
    whole = "".join(filter(str.isdecimal, whole)) or "0"
    if point and len(cents) == 2 and currency.part and not before_noun:
        units = (
            f"{numbers.cardinal(whole)} {currency.one if int(whole) == 1 else currency.many}"
            if int(whole) or cents == "00"
            else ""
        )
        parts = (
            f"{numbers.cardinal(cents)} {currency.part if cents == '01' else currency.parts}"
            if cents != "00"
            else ""
        )
        return " and ".join(part for part in (units, parts) if part)
    words = _number(number)
    return f"{words} {currency.one if before_noun or (words == 'one') else currency.many}"


def _scaled(number: str, scale: str, currency: Currency, *, before_noun: bool) -> str:
    return (
        f"{_number(number)} {tables.SCALES[scale]} {currency.one if before_noun else currency.many}"
    )


def _before_noun(match: Match) -> bool:
    """True in "a $5 note", "the $3 billion deal": the currency stays in the singular before a
    noun.
    """
    before = match.string[max(0, match.start() - 12) : match.start()].lower()
    after = re.match(r"\s([a-z]{3,20})(?![a-z])", match.string[match.end() : match.end() + 22])
    return bool(
        re.search(r"\b(?:an?|this|that|every|another|the)\s$", before)
        and after
        and after[1] not in _NOT_NOUNS
    )


def _per(name: str | None) -> str:
    if not name:
        return ""
    return (
        f" per {_PER_NAMES.get(name) or (tables.UNITS[name][0] if name in tables.UNITS else name)}"
    )


def _money(match: Match) -> str:
    """$5, -$5, $-5, US$1.5 million, $5-10, $5-$10, £3bn, $20 USD, $5/month."""
    part = match.groupdict()
    scale, scale2 = part["s1"] or part["s2"], part["s3"] or part["s4"]
    currency = (
        CODES[part["code"]]
        if part["code"]
        else _currency(part["sign"] or part["prefix"], part["first"])
    )
    singular = _before_noun(match)
    sign = _sign(part["minus"] or part["minus2"])
    if part["last"]:
        both = scale2 or scale
        first = _number(part["first"]) + (
            f" {tables.SCALES[scale]}" if scale and scale2 and scale != scale2 else ""
        )
        last = (
            _scaled(part["last"], both, currency, before_noun=singular)
            if both
            else _amount(part["last"], currency, before_noun=singular)
        )
        if part["sign2"] and not both and "." in part["first"]:
            first = _amount(part["first"], currency)
        words = f"{first} to {last}"
    elif scale:
        words = _scaled(part["first"], scale, currency, before_noun=singular)
    else:
        words = _amount(part["first"], currency, before_noun=singular)
    return f"{sign}{words}{_per(part['per'])}"


def _currency(sign: str, number: str) -> Currency:
    if sign in SIGNS:
        is_yuan = sign == "¥" and "." in number  # the yen has no hundredths
        return SIGNS["￥" if is_yuan else sign]
    return CODES[sign]


def _money_behind(match: Match) -> str:
    """20 £, 99€, 5-10 €, 1,5 Mio €, 20 USD."""
    part = match.groupdict()
    currency = _currency(part["sign"] or part["code"], part["first"])
    singular, scale = _before_noun(match), part["s1"] or part["s2"]
    first = f"{_number(part['first'])} to " if part["last"] else ""
    number = part["last"] or part["first"]
    words = (
        _scaled(number, scale, currency, before_noun=singular)
        if scale
        else _amount(number, currency, before_noun=singular)
    )
    return f"{_sign(part['minus'])}{first}{words}{_per(part['per'])}"


_MINUS = r"(?<![\w)\]])[-−–+]\s?"
_MONEY = (
    rf"(?P<minus>{_MINUS})?(?:(?P<sign>{SIGN})|(?<![A-Za-z])(?P<prefix>{CODE}))\s?(?P<minus2>[-−])?(?P<first>{_Q})"
    rf"{_scale('s1', 's2')}(?:\s?(?:{_DASH}|to)\s?(?P<sign2>{ONE_SIGN})?(?P<last>{_Q})(?![\d-]){_scale('s3', 's4')})?"  # noqa: E501
    rf"(?:\s(?P<code>{CODE})(?![A-Za-z]))?{_PER}"
)
_MONEY_BEHIND = (
    rf"(?P<minus>{_MINUS})?{_START}(?P<first>\d{{1,3}}(?:\s\d{{3}})+(?=\s?{ONE_SIGN})|{_Q})"
    rf"(?:\s?{ONE_SIGN}?\s?(?:{_DASH}|to)\s?(?P<last>{_Q}))?{_scale('s1', 's2')}"
    rf"\s?(?:(?P<sign>{ONE_SIGN})(?![\d.]*\d)|(?P<code>{CODE})(?![A-Za-z])){_PER}"
)


# Units
# ----------------------------------------------------------------------


def _units(match: Match) -> str:
    part = match.groupdict()
    unit, gap = part["unit"], part["gap"]
    if (unit in tables.SPACED_ONLY and not gap) or (
        unit in tables.LETTERS and not part["per"] and "." not in part["first"]
    ):
        return match[0]
    number = part["last"] or part["first"]
    one, many = tables.UNITS[unit]
    if part["power"]:
        power = tables.POWERS[part["power"]]
        one, many = f"{power} {one}", f"{power} {many}"
    first = f"{_number(part['first'])} to " if part["last"] else ""
    sign = f"{_sign(part['minus'])}"
    hyphen = bool(
        re.match(r"-[a-z]", match.string[match.end() : match.end() + 2])
    )  # a 5km-long road
    per = _per_unit(part["per"], part["per_power"])
    return (
        f"{sign}{first}{_number(number)} "
        f"{one if _is_one(number) or hyphen or _before_noun(match) else many}{per}"
    )


def _per_unit(name: str | None, power: str | None) -> str:
    if not name:
        return ""
    words = _PER_NAMES.get(name) or tables.UNITS.get(name, (name, ""))[0]
    return f" per {tables.POWERS[power] + ' ' if power else ''}{words}"


_UNIT = (
    rf"(?P<minus>{_MINUS})?{_START}(?P<first>{_Q})(?:%?\s?(?:{_DASH}|to)\s?(?P<last>{_Q}))?(?P<gap>[\s-])?"
    rf"(?P<unit>{any_of(tables.UNITS)})(?P<power>[23²³])?"
    r"(?:\s?/\s?(?P<per>100\s?km|[A-Za-zμ]{1,12})(?P<per_power>[23²³])?)?(?![A-Za-z0-9²³])"
)


# Fractions, ordinals, ranges, operators
# ----------------------------------------------------------------------


def _fraction_words(above: str, below: str) -> str:
    first, second = int(above), int(below)
    if second == 2:
        name = "half" if first == 1 else "halves"
    elif second == 4:
        name = "quarter" if first == 1 else "quarters"
    else:
        name = numbers.ordinal(below) + ("" if first == 1 else "s")
    return f"{numbers.cardinal(above)} {name}"


_DATE_CUE = re.compile(
    r"\b(?:on|by|until|till|since|before|after|due|dated|through)\s$", re.IGNORECASE
)
_OUT_OF_CUE = re.compile(
    r"\b(?:rated|rating|scored|score|gets?|got|grade|gave)(?:\s[a-z]{1,8}){0,3}\s$", re.IGNORECASE
)


def _fraction(match: Match) -> str:
    whole, above, below = match[1], match[2], match[3]
    first, second = int(above), int(below)
    before = match.string[max(0, match.start() - 40) : match.start()]
    if whole:
        return (
            f"{numbers.cardinal(whole)} and {_fraction_words(above, below)}" if second else match[0]
        )
    if _OUT_OF_CUE.search(before):
        return f"{numbers.cardinal(above)} out of {numbers.cardinal(below)}"
    if _DATE_CUE.search(before) and _date_words(first, second):
        return _date_words(first, second)
    if (above, below) in (("24", "7"), ("9", "11"), ("50", "50"), ("60", "40"), ("80", "20")):
        return f"{numbers.cardinal(above)} {numbers.cardinal(below)}"
    if 0 < first < second <= 100 or (first and second in (2, 3, 4, 5, 8, 10)):
        return _fraction_words(above, below)
    return f"{numbers.cardinal(above)} over {numbers.cardinal(below)}"


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isdecimal() and "1000" <= text <= "2099"


def _range(match: Match) -> str:
    first, mark, last = match[1], match[2], match[3]
    after = match.string[match.end() : match.end() + 3]
    spaced = mark != mark.strip()
    if "=" in after or ("-" in mark and spaced and _value(first) > _value(last)):
        return f"{_plain(first)} minus {_plain(last)}"
    if _is_year(first) and (_is_year(last) or len(last) == 2):
        return f"{numbers.year(first)} to {numbers.year(last) if _is_year(last) else _plain(last)}"
    return f"{_plain(first)} to {_plain(last)}"


def _value(text: str) -> float:
    return float(
        "".join(character for character in text if character.isdecimal() or character == ".")
    )


def _plain(text: str) -> str:
    return numbers.plain(text)


def _operator(match: Match) -> str:
    return f" {tables.BETWEEN_NUMBERS[match[1]]} "


def _dimensions(match: Match) -> str:
    factors = re.findall(r"\d+", match[0])
    is_product = (
        "×" in match[0] and all(len(factor) < 3 for factor in factors) and len(factors) == 2
    )
    return (" times " if is_product else " by ").join(
        numbers.year(factor) if _is_year(factor) else _plain(factor) for factor in factors
    )


# What is left
# ----------------------------------------------------------------------


def _code(match: Match) -> str:
    return f"{match[1]}{numbers.digits(match[2])}"


def _attached(match: Match) -> str:
    """Return letters and digits in one word: MP3, A380, B12, H2O, 4K, 1080p."""
    parts = re.findall(r"\d+|[^\d]+", match[0])
    words = []
    for number, part in enumerate(parts):
        if part.isdecimal():
            words.append(
                _model_number(part)
                if number
                else numbers.year(part)
                if _is_year(part)
                else _plain(part)
            )
        else:
            words.append(part.strip("-").upper() if len(part.strip("-")) == 1 else part.strip("-"))
    return " ".join(word for word in words if word)


def _model_number(digits: str) -> str:
    if digits[0] == "0" or len(digits) > 4:
        return numbers.digits(digits)
    if len(digits) == 3 and digits[1:] != "00":
        return (
            f"{numbers.cardinal(digits[0])} "
            f"{'oh ' if digits[1] == '0' else ''}{numbers.cardinal(digits[1:])}"
        )
    return numbers.year(digits) if len(digits) == 4 else numbers.cardinal(digits)


_WORD_BEFORE = re.compile(r"([A-Za-z]{1,16})[\s,(]{1,2}$")
_WORD_AFTER = re.compile(r"\s([a-z]+)")


def _left_over(match: Match) -> str:
    number = match[0]
    if _is_year(number):
        before = _WORD_BEFORE.search(match.string[max(0, match.start() - 16) : match.start()])
        after = _WORD_AFTER.match(match.string[match.end() : match.end() + 24])
        cued = bool(before and before[1].lower() in tables.YEAR_CUES)
        counts = bool(
            after and (after[1] in tables.PLURALS or re.fullmatch(r"[a-z]{2,}[a-rt-z]s", after[1]))
        )
        if (
            counts
            and after
            and after[1] in ("was", "has", "is", "us", "saw", "does", "this", "its", "his")
        ):
            counts = False
        if number[:2] != "10" or cued:
            return numbers.year(number) if cued or not counts else numbers.cardinal(number)
    return _plain(number)


def _symbol(match: Match) -> str:
    return f" {tables.SYMBOLS[match[0]]} "


_PUNCTUATION = str.maketrans(
    {
        "，": ", ",
        "。": ". ",
        "！": "! ",
        "？": "? ",
        "；": "; ",
        "：": ": ",
        "、": ", ",
        "（": " (",
        "）": ") ",
        "《": "“",
        "》": "”",
        "「": "“",
        "」": "”",
        "『": "“",
        "』": "”",
        "【": " (",
        "】": ") ",
        "\t": " ",
    }
)
_UNIT_SYMBOLS = "".join(symbol for symbol in tables.SYMBOLS)

_RULES: list[Callable[[str], str]] = [
    _rule(EMAIL, read_email),
    _rule(URL, read_url),
    _rule(_FILE, lambda match: f"{_address(match[1])} dot {match[2]}"),
    # Words
    _rule(
        rf"(?<![\w.])({any_of(tables.BEFORE_NAMES)})\.\s?(?=[A-Z\u00c0-\u00de])(?!{_STARTERS})",
        lambda match: f"{tables.BEFORE_NAMES[match[1]]} ",
    ),
    _rule(
        rf"(?<![\w.'])({any_of(tables.BARE_TITLES)})\s(?=[A-Z\u00c0-\u00de][a-z])",
        lambda match: f"{tables.BEFORE_NAMES[match[1]]} ",
    ),
    _rule(r"(?<![\w.'])(Mr|Mrs|Ms|Prof)\.(?=\s[a-z])", lambda match: tables.BEFORE_NAMES[match[1]]),
    _rule(rf"(?<=[\w,]\s)(?<![.!?]\s)(?:{any_of(tables.AFTER_NAMES)})(?!\w)", _abbreviation),
    _rule(rf"(?<![\w.])(?:{any_of(tables.ABBREVIATIONS)})(?![\w/])", _abbreviation),
    _rule(
        rf"(?<![\w.&])({any_of(tables.BEFORE_NUMBERS)})\s?(?=\d)",
        lambda match: f"{tables.BEFORE_NUMBERS[match[1]]} ",
    ),
    _rule(
        r"(?<!\w)(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.(?=\s\d|\s[a-z]|,)",
        lambda match: tables.MONTHS[_month_number(match[1]) - 1],
    ),
    _rule(rf"\b({tables.REGNAL})\s{_NUMERAL}", _regnal),
    _rule(rf"\b((?i:{tables.NUMBERED}))\s{_NUMERAL}", _roman),
    _rule(r"\b([A-Z][a-z]{2,20})\s((?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3}))(?![\w'’]|\.\w)", _roman),
    _rule(
        r"(?<!\w)([Cc]entury\s|)((?=[XVI]{2})X{0,2}(?:IX|IV|V?I{0,3}))(?=\s[Cc]ent)",
        lambda match: numbers.ordinal(value_of(match[2]) or 1),
    ),
    # Dates and times
    _rule(
        r"(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(T|\s)(?=\d\d?:)|(?![\d/-]))", _iso_date
    ),
    _rule(r"(?<=:\d\d)(?:\.\d{1,6})?Z\b", " UTC"),
    _rule(r"(?<![\d./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|\.\d)", _written_date),
    _rule(
        rf"\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(\d{{1,2}})(?:st|nd|rd|"
        rf"th)?)?(?:,?\s(\d{{4}}))?(?![\d:%,.]*\d|\s?[AaPp]\.?[Mm]\b)",
        _month_day,
    ),
    _rule(
        rf"(?<![\d.,:/$£€-])((?i:the)\s)?(\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(\d{{1,2}})(?:st|nd|rd|"
        rf"th)?)?(?:\sof)?\s({_MONTH})\b\.?(?:,?\s(\d{{4}})(?!\d))?",
        _day_month,
    ),
    _rule(rf"\b({_MONTH})\.?(,?\s)(1\d{{3}}|20\d\d)(?!\d|[.,]\d)", _month_year),
    _rule(rf"(?<![\d:.]){_CLOCK}{_HALF}?(?:\s?{_DASH}\s?{_CLOCK}{_HALF}?)?(?![\d:])", _clock),
    _rule(
        rf"(?<![\d:.,-])(?:(\d{{1,2}})(?:[:.](\d\d))?{_HALF}?\s?{_DASH}\s?)?(\d{{1,2}})(?:[.:](\d\d))?{_HALF}",
        _half_day,
    ),
    # Numbers that are names
    _rule(r"(?<![\w+])\+\d[\d\s().-]{5,20}\d(?!\d)", _international),
    _rule(
        r"(?<![\w.\-])(?:1[-.\s])?(?:\(\d{3}\)\s?|\d{3}[-.\s])\d{3}[-.]\d{4}(?![\w-])",
        lambda match: _groups(match[0]),
    ),
    _rule(r"(?<![\w.\-/])\d{3}-\d{4}(?![\w-])", lambda match: _groups(match[0])),
    _rule(
        r"(?<![\w.])0\d{2,4}[\s-]\d{3,4}(?:[\s-]\d{3,4})?(?!\d)", lambda match: _groups(match[0])
    ),
    _rule(r"(?<![\w.-])\d{4}(?:[\s-]\d{4}){3}(?![\d-])", lambda match: _groups(match[0])),
    _rule(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?!\.?\d)", _ip),
    _rule(r"(?<![\w.])(v|V|)\.?\s?(\d{1,9}(?:\.\d{1,9}){2,9})(?!\.?\d)", _version),
    _rule(r"(?<![\w.])([vV])\.?\s?(\d{1,4}(?:\.\d{1,4})?)(?![\w.]*\d)", _version),
    _rule(
        r"\b((?i:version|python|ubuntu|node|ios|android|macos|php|java|release)\s)(\d{1,3}\.\d{2})(?!\.?\d)",
        _version,
    ),
    _rule(r"(?<![\w-])\d{1,6}(?:-\d{1,6}){2,6}(?![\w-])", lambda match: _groups(match[0])),
    _rule(
        rf"\b((?i:(?:{tables.CODE_CUES})(?:\s(?:number|no|is|was|of|to))?[\s:#]{{1,2}}(?:is\s)?))(\d{{3,}})(?![\d]|"
        rf"[.,:/-]\d|\s?(?:%|{any_of(SIGNS)}))",
        _code,
    ),
    # Amounts
    _rule(_MONEY, _money),
    _rule(_MONEY_BEHIND, _money_behind),
    _rule(
        r"(?<![\w.])(\d)'\s?(\d{1,2})(?:\"|''|”|(?!\w))",
        lambda match: f"{numbers.cardinal(match[1])} foot {numbers.cardinal(match[2])}",
    ),
    _rule(_UNIT, _units),
    _rule(r"(?<![\w.,$])'?(?:(\d{3}0)'?s|(\d0)'?s)(?!\w)", _decade),
    _rule(r"(?<!\w)'(\d\d)(?![\w'])", lambda match: _label(match[1])),
    _rule(
        r"(?<![\w.])(\d[\d,]{0,60})(?:st|nd|rd|th)(?![A-Za-z])",
        lambda match: numbers.ordinal(match[1].replace(",", "")),
    ),
    _rule(r"(?<![\w./])(?:(\d{1,6})\s)?(\d{1,3})/(\d{1,3})(?![\w/]|\.\d)", _fraction),
    _rule(r"(?<![\w.])\d{1,6}\s?[x×X]\s?\d{1,6}(?:\s?[x×X]\s?\d{1,6})?(?!\d)", _dimensions),
    _rule(r"(?<=\d)\s?[x×](?![\w])", " times"),
    _rule(rf"(?<![\w.,/-])({_N})(\s?[-–—~]\s?)({_N})(?![\w-]|[./]\d)", _range),
    _rule(
        r"(?<![\w.])(\d{1,9}):(\d{1,9})(?![\w:])",
        lambda match: f"{_plain(match[1])} to {_plain(match[2])}",
    ),
    _rule(r"(?<=\d)\s?\*\*\s?(?=\d)", " to the power of "),
    _rule(
        rf"(?<=\d)\s{{0,2}}([{re.escape(''.join(tables.BETWEEN_NUMBERS))}])\s{{0,2}}(?=[-−]?[\d.])",
        _operator,
    ),
    _rule(r"(?<=\d)\s[-−]\s(?=\d)", " minus "),
    _rule(r"(?<![\w)\].])[-−](?=\.?\d)", "minus "),
    _rule(r"(?<!\w)\+(?=\.?\d)", "plus "),
    _rule(r"(?<!\w)~\s?(?=[\d$£€])", "about "),
    # What is left of numbers
    _rule(
        r"(?<![\d.,])(?:\d{1,9}[A-Za-z]{1,3}|[A-Za-z]{1,24}-?\d{1,12})(?:[A-Za-z0-9]{0,24})(?![.,]?\d)",
        _attached,
    ),
    _rule(r"(?<=[A-Za-z])-?(?=\d)|(?<=\d)-?(?=[A-Za-z])", " "),
    _rule(rf"(?<!\d){_N}", _left_over),
    # Symbols
    _rule(r"(?<=\w)\+\+", " plus plus"),
    _rule(r"(?<=\b[A-GJ])#(?!\w)", " sharp"),
    _rule(r"(?<!\w)#(?=[^\W\d_])", " hashtag "),
    _rule(r"-->|->|=>|==>", " to "),
    _rule(r"<-{1,2}|<=", " "),
    _rule(r"-{2,}|(?<=\s)-(?=\s)", " — "),
    _rule(
        r"(?<=[a-z])\s?/\s?(?=(?:day|week|month|year|hour|minute|second|night|person)\b)", " per "
    ),
    _rule(r"(?<=\w)/(?=\w)", " "),
    _rule(r"(?<=[A-Za-z])\$|\$(?=[A-Za-z])", " dollar "),
    _rule(rf"[{re.escape(''.join(tables.SYMBOLS))}]", _symbol),
    _rule(rf"[{re.escape(tables.SILENT)}/]+", " "),
    _rule(r"[^\S\n]{2,}", " "),
    _rule(r" (?=[,;:!?)]|\.(?!\.))", ""),
]
