"""The extractive summary, and links from a summary to its source."""

import random

from studio.text_checks.length import count_words
from studio.text_tasks.extraction import extract_summary
from studio.text_tasks.passages import link_sentences, split_sentences

FACTS = (
    "The bridge at Kelmore was closed on 14 March after an engineer found cracks in 3 pillars.",
    "Mayor Ines Valdur promised 2.4 million crowns for the repair of the harbour wall.",
    "A ferry named Osprey carried 611 passengers across the strait in a single night.",
    "The school in Tarn Hollow lost its roof and moved 240 pupils into the old mill.",
    "Doctor Wen Albrecht treated 57 people for burns at the clinic in Upper Sele.",
    "The company Norrland Copper dismissed 900 miners when the price fell by 38 percent.",
    "Archaeologists near Pell discovered a bronze bell that was cast in the year 1174.",
    "The parliament rejected the water law by 112 votes against 97 in the spring.",
    "Farmers around Lake Orrin reported that 70 percent of the barley was lost to frost.",
    "The orchestra of Sankt Halvard will perform Mahler in 6 cities before December.",
)
_NOUNS = (
    "road garden window winter letter table river neighbour market stone evening kitchen tree "
    "cloud harbour field horse teacher story morning lamp wall song coat forest corner"
)
_VERBS = "walked waited seemed turned looked stayed moved rested opened closed slept"
_WORDS = "slowly quiet old grey small tired warm long empty plain soft familiar distant"
NOUNS, VERBS, WORDS = _NOUNS.split(), _VERBS.split(), _WORDS.split()


def long_text(seed: int) -> tuple[str, list[int]]:
    """Return 30 000 words with the facts at drawn places, and the places."""
    draw = random.Random(seed)
    sentences = []
    words = 0
    while words < 30_000:
        sentence = (
            f"The {draw.choice(WORDS)} {draw.choice(NOUNS)} {draw.choice(VERBS)} by the "
            f"{draw.choice(NOUNS)} and the {draw.choice(WORDS)} {draw.choice(NOUNS)} "
            f"{draw.choice(VERBS)} near a {draw.choice(WORDS)} {draw.choice(NOUNS)}."
        )
        words += count_words(sentence)
        sentences.append(sentence)
    for fact in FACTS:
        sentences.insert(draw.randrange(len(sentences)), fact)
    text = "\n".join(" ".join(sentences[at : at + 9]) for at in range(0, len(sentences), 9))
    return text, [text.index(fact) for fact in FACTS]


def test_facts_planted_through_30_000_words_are_found_and_linked():
    for seed in range(3):
        text, places = long_text(seed)
        found = extract_summary(text, 12)
        starts = {sentence.source.start for sentence in found.sentences}
        assert len(starts & set(places)) >= 8
        assert len(found.covered) >= 7
        assert len(found.sentences) == 12
        for sentence in found.sentences:
            assert " ".join(text[sentence.source.start : sentence.source.end].split()) == (
                sentence.text
            )


def test_sentences_stand_in_the_order_of_the_text_and_repeated_ones_once():
    text = "\n".join([FACTS[0], FACTS[1], FACTS[0], FACTS[2], FACTS[1]])
    found = extract_summary(text, 5)
    assert sorted(sentence.text for sentence in found.sentences) == sorted(FACTS[:3])
    starts = [sentence.source.start for sentence in found.sentences]
    assert starts == sorted(starts)


def test_focus_chooses_the_sentences_about_it():
    text = " ".join(FACTS)
    assert extract_summary(text, 1, "barley frost").sentences[0].text == FACTS[8]
    assert extract_summary(text, 1, "orchestra").sentences[0].text == FACTS[9]


def test_chinese_text_is_split_at_its_own_full_stops():
    text = "城市开放了新图书馆。市长王芳说有三万本书！孩子们很高兴。"
    assert [sentence.text for sentence in split_sentences(text)] == [
        "城市开放了新图书馆。",
        "市长王芳说有三万本书！",
        "孩子们很高兴。",
    ]
    assert extract_summary(text, 1, "三万本书").sentences[0].text == "市长王芳说有三万本书！"


def test_abbreviations_and_text_without_full_stops_are_split_sensibly():
    assert len(split_sentences("Dr. Smith met Mr. J. Jones. They talked.")) == 2
    assert len(split_sentences("word " * 1_000)) == 5
    assert split_sentences(" \n ") == []
    assert extract_summary("", 3).sentences == ()


def test_summary_is_linked_and_invented_sentences_are_not():
    source = " ".join(FACTS)
    summary = (
        "Norrland Copper dismissed 900 miners. A bronze bell from 1174 was discovered near Pell. "
        "Scientists in Tokyo invented a flying submarine."
    )
    coverage = link_sentences(summary, source)
    assert [sentence.source and sentence.source.text for sentence in coverage.sentences] == [
        FACTS[5],
        FACTS[6],
        None,
    ]
    assert coverage.unlinked == 1
    assert coverage.parts == 10, "one for each sentence"
    assert coverage.covered == (5, 6)


def test_sentence_from_two_passages_is_linked_to_both():
    source = " ".join(FACTS)
    (sentence,) = link_sentences(
        "Norrland Copper dismissed 900 miners and a bronze bell from 1174 was found near Pell.",
        source,
    ).sentences
    assert {sentence.source.text, *(one.text for one in sentence.others)} == {FACTS[5], FACTS[6]}


def test_coverage_of_short_texts_counts_their_sentences():
    text = "The mill closed. Nine people lost work. The mayor promised help."
    assert extract_summary(text, 2).parts == 3
    assert len(extract_summary(text, 2).covered) == 2
    assert link_sentences("The mill closed.", text).covered == (0,)


def test_chinese_figures_in_words_count_as_figures():
    text = (
        "天气一直很好，人们都在街上散步。公司去年亏损二点三亿元。大家聊了很久才回家。"
        "百分之四十的居民搬走了。晚上灯光照在河面上，很安静。"
    )
    found = [sentence.text for sentence in extract_summary(text, 2).sentences]
    assert found == ["公司去年亏损二点三亿元。", "百分之四十的居民搬走了。"]
