"""Who wrote which part of a result."""

from studio.documents.origins import PERSON, Origin, Stretch
from studio.documents.result_origins import WrittenResult, result_origins

FIRST = WrittenResult("Rain fell. It was cold.", "a", prompt="Rain fell.")


def unknown(_sha256):
    return None


def test_what_the_model_went_on_from_is_the_persons():
    assert result_origins(FIRST, unknown) == (
        Stretch(10, PERSON),
        Stretch(13, Origin("model", "a")),
    )
    answer = WrittenResult("Sure: rain fell.", "a", prompt="Write", prefix="Sure: ")
    assert result_origins(answer, unknown) == (
        Stretch(5, PERSON),
        Stretch(11, Origin("model", "a")),
    )
    both = WrittenResult("Title: Rain", "a", prompt="Title:", prefix=" Ra")
    assert result_origins(both, unknown)[0] == Stretch(9, PERSON)


def test_answer_of_a_chat_model_and_of_a_task_is_the_models():
    for result in (
        WrittenResult("It rains.", "a", prompt="Write about rain"),
        WrittenResult("It rains.", "a", prompt=" "),
        WrittenResult("It rains.", "a"),
    ):
        assert result_origins(result, unknown) == (Stretch(9, Origin("model", "a")),)
    assert result_origins(WrittenResult("", "a"), unknown) == ()


def test_what_a_prompt_took_over_keeps_its_own_origins():
    text = f"My story. {FIRST.text} And dark. Then"
    second = WrittenResult(text, "b", prompt=f"My story. {FIRST.text} And dark.", source="1")
    third = WrittenResult(f"{text} day.", "c", prompt=text, source="2")
    found = result_origins(third, {"1": FIRST, "2": second}.get)
    assert found == (
        Stretch(20, PERSON),
        Stretch(13, Origin("model", "a")),
        Stretch(10, PERSON),
        Stretch(5, Origin("model", "b")),
        Stretch(5, Origin("model", "c")),
    )


def test_source_that_is_unknown_or_changed_or_leads_to_itself_adds_nothing():
    loop = WrittenResult("One. Two.", "b", prompt="One.", source="1")
    expected = (Stretch(4, PERSON), Stretch(5, Origin("model", "b")))
    assert result_origins(loop, unknown) == expected
    assert result_origins(loop, {"1": WrittenResult("Other", "a")}.get) == expected
    assert result_origins(loop, {"1": WrittenResult(" \n", "a")}.get) == expected
    assert result_origins(loop, {"1": loop}.get) == expected
