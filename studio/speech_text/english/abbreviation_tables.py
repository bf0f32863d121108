"""English abbreviations with their words, and the words before Roman numerals."""

from __future__ import annotations

BEFORE_NAMES = {
    "Mr": "Mister",
    "Mrs": "Missis",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "St": "Saint",
    "Mt": "Mount",
    "Ft": "Fort",
    "Gen": "General",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Capt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Sgt": "Sergeant",
    "Cmdr": "Commander",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Pres": "President",
    "Cpl": "Corporal",
    "Maj": "Major",
    "Adm": "Admiral",
    "Fr": "Father",
    "Msgr": "Monsignor",
    "Sr": "Sister",
}
"""Only before a word with a capital letter; without their full stop only those of `BARE_TITLES`."""
BARE_TITLES = ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Mt", "Capt", "Lt", "Sgt")
AFTER_NAMES = {
    "St.": "Street",
    "Dr.": "Drive",
    "Ave.": "Avenue",
    "Blvd.": "Boulevard",
    "Rd.": "Road",
    "Ln.": "Lane",
    "Hwy.": "Highway",
    "Sq.": "Square",
    "Pl.": "Place",
    "Ct.": "Court",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Ltd.": "Limited",
    "Inc.": "Incorporated",
    "Corp.": "Corporation",
    "Co.": "Company",
    "Bros.": "Brothers",
    "Esq.": "Esquire",
    "Mt.": "Mountain",
}
"""Only after a word with a capital letter or a number; the full stop may end the sentence too."""
ABBREVIATIONS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "et al.": "and others",
    "approx.": "approximately",
    "est.": "established",
    "vs.": "versus",
    "vs": "versus",
    "cf.": "compare",
    "dept.": "department",
    "Dept.": "Department",
    "Univ.": "University",
    "Assn.": "Association",
    "Govt.": "Government",
    "incl.": "including",
    "excl.": "excluding",
    "max.": "maximum",
    "min.": "minimum",
    "avg.": "average",
    "misc.": "miscellaneous",
    "tel.": "telephone",
    "Tel.": "Telephone",
    "ext.": "extension",
    "Ext.": "Extension",
    "ed.": "edition",
    "eds.": "editors",
    "w/o": "without",
    "w/": "with",
    "a.k.a.": "also known as",
    "aka": "also known as",
    "Apt.": "Apartment",
    "Bldg.": "Building",
    "Ste.": "Suite",
    "Mon.": "Monday",
    "Tue.": "Tuesday",
    "Tues.": "Tuesday",
    "Wed.": "Wednesday",
    "Thu.": "Thursday",
    "Thurs.": "Thursday",
    "Fri.": "Friday",
    "a.m.": "AM",
    "p.m.": "PM",
    "A.M.": "AM",
    "P.M.": "PM",
    "and/or": "and or",
    "c/o": "care of",
    "n/a": "not applicable",
    "N/A": "not applicable",
    "A.D.": "AD",
    "B.C.": "BC",
}
MAY_END = {
    "etc.",
    "et al.",
    "a.m.",
    "p.m.",
    "A.M.",
    "P.M.",
    "B.C.",
    "A.D.",
    "min.",
    "max.",
    "ext.",
    *AFTER_NAMES,
}
"""Their full stop stays before a capital letter and at the end: it may end the sentence."""
BEFORE_NUMBERS = {
    "No.": "number",
    "no.": "number",
    "Nos.": "numbers",
    "nos.": "numbers",
    "Vol.": "volume",
    "vol.": "volume",
    "Fig.": "figure",
    "fig.": "figure",
    "Figs.": "figures",
    "Ch.": "chapter",
    "ch.": "chapter",
    "p.": "page",
    "pp.": "pages",
    "Sec.": "section",
    "sec.": "section",
    "Eq.": "equation",
    "eq.": "equation",
    "Art.": "article",
    "art.": "article",
    "Rm.": "room",
    "Nr.": "number",
    "ver.": "version",
    "Ver.": "version",
    "c.": "circa",
    "ca.": "circa",
    "Op.": "opus",
    "op.": "opus",
    "approx.": "approximately",
    "Tab.": "table",
    "Ex.": "example",
    "§§": "sections",
    "§": "section",
    "#": "number",
    "¶": "paragraph",
}
REGNAL = (
    "King|Queen|Pope|Emperor|Tsar|Czar|Kaiser|Sultan|Prince|Duke|Henry|Louis|Edward|George|William|"
    "Charles|James|Richard|"
    "Elizabeth|"
    "Napoleon|Pius|Benedict|Leo|Paul|Ramses|Frederick|Philip|Alexander|Nicholas|Peter|Catherine|"
    "Ivan|Emmanuel|Gustav|"
    "Christian|Ferdinand|"
    "Francis|Clement|Gregory|Innocent|Urban|Julius|Mary|Anne|Margaret|Otto|Rudolf|Wilhelm|Joseph|"
    "Leopold|Haakon|Olaf|Harald|"
    "Carl|Alfonso|"
    "Felipe|Juan|John|Robert|Malcolm|David|Albert|Constantine|Theodosius|Darius|Xerxes|Cyrus|"
    "Thutmose|Amenhotep|Seti|"
    "Ptolemy|Mehmed|Murad"
)
NUMBERED = (
    "chapter|part|act|scene|section|volume|book|phase|article|war|mark|type|level|stage|class|grade"
    "|bowl|apollo|gemini|"
    "fantasy|"
    "episode|round|rocky|season|appendix|figure|table|title|tier|group|unit|lesson|step|canto|"
    "division|category|amendment|"
    "schedule|sonata|"
    "symphony|quartet|opus|quest|wars|windows|playstation"
)
