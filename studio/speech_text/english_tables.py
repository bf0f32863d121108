"""What English abbreviations, units and symbols are read as."""

from __future__ import annotations

_MONTHS = "January February March April May June July August September October November December"
MONTHS = _MONTHS.split()
MONTH_OF = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
MONTH_OF |= {name[:3].lower(): number for number, name in enumerate(MONTHS, 1)} | {"sept": 9}

BEFORE_NAMES = {
    "Mr": "Mister", "Mrs": "Missis", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "St": "Saint", "Mt": "Mount",
    "Ft": "Fort", "Gen": "General", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Capt": "Captain",
    "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant", "Cmdr": "Commander", "Rev": "Reverend", "Hon": "Honorable",
    "Pres": "President", "Cpl": "Corporal", "Maj": "Major", "Adm": "Admiral", "Fr": "Father", "Msgr": "Monsignor",
    "Sr": "Sister",
}  # fmt: skip
"""Only before a word with a capital letter; without their full stop only those of `BARE_TITLES`."""
BARE_TITLES = ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Mt", "Capt", "Lt", "Sgt")
AFTER_NAMES = {
    "St.": "Street", "Dr.": "Drive", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Ln.": "Lane", "Hwy.": "Highway",
    "Sq.": "Square", "Pl.": "Place", "Ct.": "Court", "Jr.": "Junior", "Sr.": "Senior", "Ltd.": "Limited",
    "Inc.": "Incorporated", "Corp.": "Corporation", "Co.": "Company", "Bros.": "Brothers", "Esq.": "Esquire",
    "Mt.": "Mountain",
}  # fmt: skip
"""Only after a word with a capital letter or a number; the full stop may end the sentence too."""
ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "et al.": "and others", "approx.": "approximately",
    "est.": "established", "vs.": "versus", "vs": "versus", "cf.": "compare", "dept.": "department", "Dept.": "Department",
    "Univ.": "University", "Assn.": "Association", "Govt.": "Government", "incl.": "including", "excl.": "excluding",
    "max.": "maximum", "min.": "minimum", "avg.": "average", "misc.": "miscellaneous", "tel.": "telephone",
    "Tel.": "Telephone",
    "ext.": "extension", "Ext.": "Extension", "ed.": "edition", "eds.": "editors", "w/o": "without", "w/": "with",
    "a.k.a.": "also known as",
    "aka": "also known as", "Apt.": "Apartment", "Bldg.": "Building", "Ste.": "Suite", "Mon.": "Monday", "Tue.": "Tuesday",
    "Tues.": "Tuesday",
    "Wed.": "Wednesday", "Thu.": "Thursday", "Thurs.": "Thursday", "Fri.": "Friday", "a.m.": "AM", "p.m.": "PM", "A.M.": "AM",
    "P.M.": "PM",
    "and/or": "and or", "c/o": "care of", "n/a": "not applicable", "N/A": "not applicable", "A.D.": "AD", "B.C.": "BC",
}  # fmt: skip
MAY_END = {"etc.", "et al.", "a.m.", "p.m.", "A.M.", "P.M.", "B.C.", "A.D.", "min.", "max.", "ext.", *AFTER_NAMES}
"""A sentence may end with these: the full stop stays before a word with a capital letter and at the end."""
BEFORE_NUMBERS = {
    "No.": "number", "no.": "number", "Nos.": "numbers", "nos.": "numbers", "Vol.": "volume", "vol.": "volume",
    "Fig.": "figure", "fig.": "figure",
    "Figs.": "figures", "Ch.": "chapter", "ch.": "chapter", "p.": "page", "pp.": "pages", "Sec.": "section",
    "sec.": "section", "Eq.": "equation",
    "eq.": "equation", "Art.": "article", "art.": "article", "Rm.": "room", "Nr.": "number", "ver.": "version",
    "Ver.": "version", "c.": "circa",
    "ca.": "circa", "Op.": "opus", "op.": "opus", "approx.": "approximately", "Tab.": "table", "Ex.": "example",
    "§§": "sections", "§": "section",
    "#": "number", "¶": "paragraph",
}  # fmt: skip

UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "μm": ("micrometer", "micrometers"), "nm": ("nanometer", "nanometers"), "mi": ("mile", "miles"), "yd": ("yard", "yards"),
    "ft": ("foot", "feet"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"), "mg": ("milligram", "milligrams"),
    "μg": ("microgram", "micrograms"), "mcg": ("microgram", "micrograms"), "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"), "t": ("ton", "tons"), "L": ("liter", "liters"), "l": ("liter", "liters"),
    "mL": ("milliliter", "milliliters"),
    "ml": ("milliliter", "milliliters"), "cl": ("centiliter", "centiliters"), "dl": ("deciliter", "deciliters"),
    "gal": ("gallon", "gallons"),
    "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "s": ("second", "seconds"), "sec": ("second", "seconds"), "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "μs": ("microsecond", "microseconds"), "ns": ("nanosecond", "nanoseconds"), "yr": ("year", "years"),
    "yrs": ("year", "years"),
    "wk": ("week", "weeks"), "wks": ("week", "weeks"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "B": ("byte", "bytes"),
    "KB": ("kilobyte", "kilobytes"),
    "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "PB": ("petabyte", "petabytes"), "KiB": ("kibibyte", "kibibytes"), "MiB": ("mebibyte", "mebibytes"),
    "GiB": ("gibibyte", "gibibytes"),
    "TiB": ("tebibyte", "tebibytes"), "kb": ("kilobit", "kilobits"), "Mb": ("megabit", "megabits"),
    "Gb": ("gigabit", "gigabits"),
    "kbps": ("kilobit per second", "kilobits per second"), "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"), "GW": ("gigawatt", "gigawatts"), "mW": ("milliwatt", "milliwatts"),
    "Wh": ("watt hour", "watt hours"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "MWh": ("megawatt hour", "megawatt hours"), "V": ("volt", "volts"),
    "mV": ("millivolt", "millivolts"),
    "kV": ("kilovolt", "kilovolts"), "A": ("amp", "amps"), "mA": ("milliamp", "milliamps"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "Ah": ("amp hour", "amp hours"), "Ω": ("ohm", "ohms"), "kΩ": ("kiloohm", "kiloohms"), "MΩ": ("megaohm", "megaohms"),
    "F": ("farad", "farads"),
    "Pa": ("pascal", "pascals"), "hPa": ("hectopascal", "hectopascals"), "kPa": ("kilopascal", "kilopascals"),
    "MPa": ("megapascal", "megapascals"),
    "bar": ("bar", "bars"), "psi": ("pound per square inch", "pounds per square inch"), "N": ("newton", "newtons"),
    "kN": ("kilonewton", "kilonewtons"),
    "Nm": ("newton meter", "newton meters"), "J": ("joule", "joules"), "kJ": ("kilojoule", "kilojoules"),
    "MJ": ("megajoule", "megajoules"),
    "cal": ("calorie", "calories"), "kcal": ("kilocalorie", "kilocalories"), "dB": ("decibel", "decibels"),
    "lm": ("lumen", "lumens"),
    "mol": ("mole", "moles"), "ha": ("hectare", "hectares"), "ac": ("acre", "acres"),
    "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "kmh": ("kilometer per hour", "kilometers per hour"),
    "mpg": ("mile per gallon", "miles per gallon"),
    "rpm": ("revolution per minute", "revolutions per minute"), "bpm": ("beat per minute", "beats per minute"),
    "fps": ("frame per second", "frames per second"),
    "px": ("pixel", "pixels"), "dpi": ("dot per inch", "dots per inch"), "ppi": ("pixel per inch", "pixels per inch"),
    "ppm": ("part per million", "parts per million"),
    "pt": ("point", "points"), "cc": ("cubic centimeter", "cubic centimeters"), "hp": ("horsepower", "horsepower"),
    "ly": ("light year", "light years"),
    "MP": ("megapixel", "megapixels"), "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "° C": ("degree Celsius", "degrees Celsius"), "° F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"), "%": ("percent", "percent"), "‰": ("per mille", "per mille"), "pct": ("percent", "percent"),
    "¢": ("cent", "cents"),
    "sq ft": ("square foot", "square feet"), "sq mi": ("square mile", "square miles"),
    "sq km": ("square kilometer", "square kilometers"),
    "sq m": ("square meter", "square meters"),
}  # fmt: skip
SPACED_ONLY = {"s", "B", "t"}
"""Behind a space only: 80s is a decade, and 5B five billion."""
LETTERS = {"A", "F", "N", "J"}
"""Units only behind a decimal or before "per": row 5 A, grade 4 F."""
POWERS = {"2": "square", "²": "square", "3": "cubic", "³": "cubic"}

SCALES = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mm": "million", "MM": "million",
    "mio": "million", "Mio": "million",
    "b": "billion", "B": "billion", "bn": "billion", "Bn": "billion", "bln": "billion", "mln": "million", "t": "trillion",
    "T": "trillion", "tn": "trillion",
    "trn": "trillion", "hundred": "hundred", "thousand": "thousand", "million": "million", "billion": "billion",
    "trillion": "trillion",
}  # fmt: skip

BETWEEN_NUMBERS = {
    "×": "times", "*": "times", "÷": "divided by", "=": "equals", "+": "plus", "<": "is less than", ">": "is greater than",
    "≤": "is at most", "≥": "is at least", "≠": "is not equal to", "≈": "is about", "^": "to the power of", "→": "to",
    "/": "over", "·": "times",
    "±": "plus or minus", "∓": "minus or plus", "~": "to",
}  # fmt: skip
SYMBOLS = {
    "±": "plus or minus", "∓": "minus or plus", "×": "times", "÷": "divided by", "=": "equals", "≠": "is not equal to",
    "≈": "about", "≤": "at most",
    "≥": "at least", "→": "to", "⇒": "to", "↔": "and", "&": "and", "@": "at", "%": "percent", "‰": "per mille",
    "°": "degrees", "§": "section", "¶": "paragraph",
    "©": "copyright", "√": "square root of", "∞": "infinity", "π": "pi", "μ": "micro", "Ω": "ohm", "∑": "sum", "∆": "delta",
    "¢": "cents", "+": "plus",
    "$": "dollars", "£": "pounds", "€": "euros", "¥": "yen", "￥": "yuan", "₹": "rupees", "₩": "won", "₽": "rubles",
    "<": "less than", ">": "greater than",
    "²": "squared", "³": "cubed",
}  # fmt: skip
SILENT = "®™•◦‣·|\\^_`~*#←↑↓†‡¦¬{}[]"
"""Left out where no rule before read them."""

PLURALS = {"people", "men", "women", "children", "feet", "mice", "teeth", "users", "percent"}
YEAR_CUES = {
    "in", "since", "by", "of", "from", "until", "till", "before", "after", "during", "around", "circa", "year", "early",
    "late", "mid", "the", "and", "to",
    "through", "spring", "summer", "autumn", "fall", "winter", "class", *(name.lower() for name in MONTHS),
}  # fmt: skip
CODE_CUES = (
    "code|codes|pin|zip|id|tel|telephone|phone|fax|hotline|extension|account|serial|tracking|passport|password|flight|"
    "postcode|card|dial"
)
REGNAL = (
    "King|Queen|Pope|Emperor|Tsar|Czar|Kaiser|Sultan|Prince|Duke|Henry|Louis|Edward|George|William|Charles|James|Richard|"
    "Elizabeth|"
    "Napoleon|Pius|Benedict|Leo|Paul|Ramses|Frederick|Philip|Alexander|Nicholas|Peter|Catherine|Ivan|Emmanuel|Gustav|"
    "Christian|Ferdinand|"
    "Francis|Clement|Gregory|Innocent|Urban|Julius|Mary|Anne|Margaret|Otto|Rudolf|Wilhelm|Joseph|Leopold|Haakon|Olaf|Harald|"
    "Carl|Alfonso|"
    "Felipe|Juan|John|Robert|Malcolm|David|Albert|Constantine|Theodosius|Darius|Xerxes|Cyrus|Thutmose|Amenhotep|Seti|"
    "Ptolemy|Mehmed|Murad"
)
NUMBERED = (
    "chapter|part|act|scene|section|volume|book|phase|article|war|mark|type|level|stage|class|grade|bowl|apollo|gemini|"
    "fantasy|"
    "episode|round|rocky|season|appendix|figure|table|title|tier|group|unit|lesson|step|canto|division|category|amendment|"
    "schedule|sonata|"
    "symphony|quartet|opus|quest|wars|windows|playstation"
)
DOMAINS = (
    "com|org|net|edu|gov|mil|int|io|ai|app|dev|co|uk|us|de|fr|cn|jp|eu|ca|au|ch|at|nl|be|it|es|se|no|fi|dk|pl|ru|in|br|info|"
    "biz|"
    "tv|me|fm|ly|gg|xyz|online|site|tech|hk|tw|sg|nz|ie|pt|gr|cz|tk"
)
