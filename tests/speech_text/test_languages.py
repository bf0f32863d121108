"""Test detecting a text's language by script and words; English is never mistaken for another."""

import pytest

from studio.speech_text import language_of, spoken
from studio.speech_text.languages import is_mainly_chinese, unknown_language

FOREIGN = {
    "de": [
        "Der Zug nach Hamburg hat heute zwanzig Minuten Verspätung.",
        "Wir haben das nicht gewusst, aber es ist wahr.",
        "Guten Morgen, wie geht es Ihnen?",
        "Ich möchte gern wissen, warum du nicht gekommen bist.",
    ],
    "fr": [
        "Le chat dort sur la table de la cuisine.",
        "Nous n'avons pas trouvé la clé de votre maison.",
        "Bonjour tout le monde, comment allez-vous ?",
        "Il fait très beau aujourd'hui et les enfants jouent dehors.",
    ],
    "es": [
        "Mañana vamos a la playa con nuestros amigos.",
        "No sé por qué el tren no ha llegado todavía.",
        "Buenos días, ¿cómo está usted?",
        "La casa de mi abuela está cerca del río.",
    ],
    "it": [
        "Oggi il tempo è molto bello e andiamo al mare.",
        "Non so perché il treno non è ancora arrivato.",
        "La casa della nonna è vicino al fiume.",
    ],
    "pt": [
        "Hoje o tempo está muito bom e vamos à praia.",
        "Não sei por que o trem ainda não chegou.",
        "A casa da minha avó fica perto do rio.",
    ],
    "nl": [
        "Het weer is vandaag heel mooi en wij gaan naar zee.",
        "Ik weet niet waarom de trein nog niet is aangekomen.",
    ],
    "pl": [
        "Dzień dobry, jak się pan dzisiaj czuje?",
        "Nie wiem, dlaczego pociąg jeszcze nie przyjechał.",
    ],
    "sv": ["Jag vet inte varför tåget inte har kommit än.", "Det är mycket vackert väder i dag."],
    "tr": [
        "Bugün hava çok güzel ve denize gidiyoruz.",
        "Trenin neden daha gelmediğini bilmiyorum ama bekliyorum.",
    ],
    "vi": ["Hôm nay thời tiết rất đẹp và chúng tôi đi biển."],
}
ENGLISH = [
    "Hello.",
    "Yes!",
    "OK",
    "Good morning",
    "Resume",
    "Résumé",
    "Café Müller",
    "José García",
    "São Paulo",
    "Zoë and Chloë",
    "I met Müller at the café in Köln.",
    "The naïve fiancé ordered crème brûlée and a piña colada.",
    "Maria de la Cruz met Juan de los Santos.",
    "Der Spiegel and Die Zeit are newspapers.",
    "Vincent van Gogh, Ludwig van Beethoven, Charles de Gaulle",
    "The Los Angeles to Las Vegas road",
    "She has a certain je ne sais quoi.",
    "C'est la vie, he said, and left.",
    "Deja vu",
    "Mens sana in corpore sano",
    "Lorem ipsum dolor sit amet",
    "Kubernetes pods restart",
    "x y z",
    "def main(): return 0",
    "Tom, Dick, Harry",
    "El Niño and La Niña",
    "Die Hard is on TV.",
    "Ich bin ein Berliner, said Kennedy.",
    "An die Freude is an ode by Schiller.",
    "Was it in or on?",
    "Hola, said Dora.",
    "Bonjour",
    "Nguyễn Văn An is here.",
    "Łódź is in Poland.",
    "İstanbul and Ağrı",
    "MÜLLER AND SÖHNE",
    "Error 404: file not found",
    "In 2024, Xiaomi sold 3 million phones.",
    "THIS IS VERY IMPORTANT",
]


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in FOREIGN.items() for text in texts],
)
def test_a_latin_language_that_the_voice_does_not_know_is_named(language, text):
    assert unknown_language(text, ("en", "zh")) == language
    assert unknown_language(text, ("en", language)) == ""


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_never_refused(text):
    assert unknown_language(text, ("en",)) == ""
    assert unknown_language(text, ("en-US", "zh")) == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("こんにちは、元気ですか。", "ja"),
        ("日本語を話します。", "ja"),
        ("안녕하세요", "ko"),
        ("Привет, мир.", "ru"),
        ("مرحبا بالعالم", "ar"),
        ("שלום עולם", "he"),
        ("Γειά σου Κόσμε", "el"),
        ("नमस्ते दुनिया", "hi"),
        ("สวัสดีชาวโลก", "th"),
    ],
)
def test_unsupported_scripts_are_named(text, language):
    assert unknown_language(text, ("en", "zh")) == language
    assert unknown_language(text, (language,)) == ""
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "The city of Beijing, written 北京, is the capital.",
        "α particles are fast and small.",
        "10 μm",
        "Я is the last letter of the alphabet, they say",
    ],
)
def test_foreign_word_in_an_english_text_is_accepted(text):
    assert unknown_language(text, ("en",)) == ""


def test_voice_of_another_language_refuses_clear_english():
    assert unknown_language("The weather is very nice today and we go to the sea.", ("fr",)) == "en"
    assert unknown_language("On a vu", ("fr",)) == ""
    assert unknown_language("Il me dit non", ("fr",)) == ""


def test_a_card_without_languages_refuses_nothing():
    assert unknown_language("Der Zug hat heute wieder Verspätung, und das ist nicht gut.", ()) == ""
    assert (
        unknown_language(
            "Der Zug hat heute wieder Verspätung, und das ist nicht gut.", ("multilingual",)
        )
        == ""
    )
    assert (
        unknown_language("Der Zug hat heute wieder Verspätung, und das ist nicht gut.", ("deu",))
        == ""
    )


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("我今天用ChatGPT写了一个Python程序。", True),
        ("iPhone 15 Pro Max 发布", True),
        ("她的 MacBook 坏了。", True),
        ("In 2024, Xiaomi (小米) sold 3 million phones.", False),
        ("The word 你好 means hello.", False),
        ("Beijing (北京) is big.", False),
        ("-10℃到5℃", True),
        ("Hello", False),
    ],
)
def test_mixed_text_is_chinese_or_not_by_its_main_language(text, chinese):
    assert is_mainly_chinese(text) is chinese


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Li (李) has 2 dogs.", "Li (李) has two dogs."),
        ("我有2只狗。It has 4 legs.", "我有两只狗。It has four legs."),
        ("我的GPT-4很好，花了$20。", "我的GPT four很好，花了二十美元。"),
        ("价格是5元。 3.5。", "价格是五元。 三点五。"),
        ("The price is 5. 3.5.", "The price is five. three point five."),
    ],
)
def test_numbers_are_read_in_the_language_of_their_sentence(text, words):
    assert spoken(text) == words


def test_text_outside_the_written_out_languages_is_unchanged():
    import re

    assert (
        spoken("Das kostet 5 € und das ist nicht viel.", ("de", "en"))
        == "Das kostet 5 € und das ist nicht viel."
    )
    assert spoken("12 34", ()) == "12 34"
    assert (
        spoken("[S1] I have 2. [S2] Me 3.", ("en",), marks=re.compile(r"\[S[12]\]"))
        == "[S1] I have two. [S2] Me three."
    )
