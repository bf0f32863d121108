"""Currencies: signs, codes and their names in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Currency(NamedTuple):
    """Names of one currency."""

    one: str
    many: str
    part: str
    """The hundredth, in the singular; empty if it is not in use."""
    parts: str
    chinese: str


_DOLLAR = Currency("dollar", "dollars", "cent", "cents", "美元")
_YEN = Currency("yen", "yen", "", "", "日元")
_YUAN = Currency("yuan", "yuan", "", "", "元")
_RENMINBI = Currency("yuan", "yuan", "", "", "人民币")
_POUND = Currency("pound", "pounds", "penny", "pence", "英镑")
_EURO = Currency("euro", "euros", "cent", "cents", "欧元")
_RUPEE = Currency("rupee", "rupees", "paisa", "paise", "卢比")


def _dollar(country: str, chinese: str) -> Currency:
    return Currency(f"{country} dollar", f"{country} dollars", "cent", "cents", chinese)


_US, _HK, _AU = _dollar("US", "美元"), _dollar("Hong Kong", "港元"), _dollar("Australian", "澳元")
_CA, _NZ, _SG = (
    _dollar("Canadian", "加元"),
    _dollar("New Zealand", "新西兰元"),
    _dollar("Singapore", "新加坡元"),
)
_TW = _dollar("New Taiwan", "新台币")
_FRANC = Currency("Swiss franc", "Swiss francs", "centime", "centimes", "瑞士法郎")
_REAL = Currency("real", "reais", "centavo", "centavos", "雷亚尔")
_WON = Currency("won", "won", "", "", "韩元")
_RUBLE = Currency("ruble", "rubles", "kopeck", "kopecks", "卢布")
_LIRA = Currency("lira", "lira", "kurush", "kurush", "里拉")

SIGNS: dict[str, Currency] = {
    "US$": _US,
    "HK$": _HK,
    "A$": _AU,
    "AU$": _AU,
    "C$": _CA,
    "CA$": _CA,
    "NZ$": _NZ,
    "S$": _SG,
    "SG$": _SG,
    "NT$": _TW,
    "R$": _REAL,
    "MX$": Currency("Mexican peso", "Mexican pesos", "centavo", "centavos", "墨西哥比索"),
    "$": _DOLLAR,
    "£": _POUND,
    "€": _EURO,
    "CN¥": _YUAN,
    "CN￥": _YUAN,
    "JP¥": _YEN,
    "JP￥": _YEN,
    "¥": _YEN,
    "￥": _YUAN,
    "₹": _RUPEE,
    "₩": _WON,
    "₽": _RUBLE,
    "₺": _LIRA,
    "฿": Currency("baht", "baht", "satang", "satang", "泰铢"),
    "₫": Currency("dong", "dong", "", "", "越南盾"),
    "₴": Currency("hryvnia", "hryvnias", "kopiyka", "kopiykas", "格里夫纳"),
    "₪": Currency("shekel", "shekels", "agora", "agorot", "谢克尔"),
    "₱": Currency("peso", "pesos", "centavo", "centavos", "比索"),
    "₦": Currency("naira", "naira", "kobo", "kobo", "奈拉"),
    "₿": Currency("bitcoin", "bitcoins", "", "", "比特币"),
}
CODES: dict[str, Currency] = {
    "USD": _US,
    "HKD": _HK,
    "AUD": _AU,
    "CAD": _CA,
    "NZD": _NZ,
    "SGD": _SG,
    "TWD": _TW,
    "NTD": _TW,
    "EUR": _EURO,
    "GBP": _POUND,
    "JPY": _YEN,
    "CNY": _RENMINBI,
    "RMB": _RENMINBI,
    "CHF": _FRANC,
    "INR": _RUPEE,
    "KRW": _WON,
    "BRL": _REAL,
    "RUB": _RUBLE,
    "TRY": _LIRA,
    "SEK": Currency("Swedish krona", "Swedish kronor", "", "", "瑞典克朗"),
    "NOK": Currency("Norwegian krone", "Norwegian kroner", "", "", "挪威克朗"),
    "DKK": Currency("Danish krone", "Danish kroner", "", "", "丹麦克朗"),
    "PLN": Currency("zloty", "zlotys", "grosz", "groszy", "兹罗提"),
    "zł": Currency("zloty", "zlotys", "grosz", "groszy", "兹罗提"),
    "CZK": Currency("Czech koruna", "Czech korunas", "", "", "捷克克朗"),
    "ZAR": Currency("rand", "rand", "cent", "cents", "兰特"),
    "MXN": Currency("Mexican peso", "Mexican pesos", "", "", "墨西哥比索"),
    "THB": Currency("baht", "baht", "", "", "泰铢"),
    "Rs": _RUPEE,
    "Rs.": _RUPEE,
}


def any_of(words: Iterable[str]) -> str:
    """Return a pattern that matches the longest of the words."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_LETTERED = any_of(sign for sign in SIGNS if sign[0].isalpha())
ONE_SIGN = f"(?:{any_of(sign for sign in SIGNS if not sign[0].isalpha())})"
SIGN = f"(?:(?<![A-Za-z])(?:{_LETTERED})|(?<!\\d){ONE_SIGN})"
CODE = f"(?:{any_of(CODES)})"
