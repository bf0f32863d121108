"""What a model is asked when it corrects a text, by language."""

from __future__ import annotations

AGAIN = {
    "en": "{prompt}\n\nThis is a draft:\n\n{draft}\n\nWhat is wrong with it:\n{faults}\n\n"
    "Write it again without these faults. Answer with the corrected text only.",
    "zh": "{prompt}\n\n这是草稿：\n\n{draft}\n\n草稿的问题：\n{faults}\n\n"
    "请改正这些问题，重新写一遍。只回答改好的正文。",
}
LINES = {
    "en": "Write {count} different lines of poetry about {subject}, one a line, without numbers. "
    "Each line has {length} syllables{rhyme}.\n\nThe line before it is: {before}",
    "zh": "写{count}句不同的诗句，主题：{subject}。每行一句，每句正好{length}个字{rhyme}。"
    "\n\n前一句是：{before}",
}
RHYME = {"en": ' and rhymes with "{end}"', "zh": "，与“{end}”字押韵"}
ENDS = {
    "en": " and ends with one of these words: {words}",
    "zh": "，最后一个词是以下之一：{words}",
}
FAULTS = {
    "en": {
        "length": "- It has {length} {unit}; it must have {limits}.",
        "language": "- It must be written in {language} only.",
        "form": "- The form is wrong: {message}",
        "repetition": "- It repeats itself: {places}",
        "refusal": "- Leave out sentences about the text, such as {places}",
        "facts": "- The facts do not contain {places}. Leave that out.",
        "topic": "- It is not about the topic: {topic}",
        "python": "- {message}",
        "article": "- It needs a headline, a lead of one or two sentences, and a body. {message}",
        "call": "- It does not ask the reader to act.",
        "claims": "- It must not claim {places}",
        "list": "- These lines are no points that begin with a dash: {places}",
        "prose": "- It must be prose, without points of a list.",
        "tones": "- The tones are wrong at {places}",
    },
    "zh": {
        "length": "- 现在有{length}{unit}，应为{limits}。",
        "language": "- 只能用{language}写。",
        "form": "- 格式不对：{message}",
        "repetition": "- 有重复：{places}",
        "refusal": "- 不要写与正文无关的话，例如{places}",
        "facts": "- 事实中没有{places}，请删去。",
        "topic": "- 没有写到主题：{topic}",
        "python": "- {message}",
        "article": "- 需要标题、一两句话的导语和正文。",
        "call": "- 没有号召读者行动。",
        "claims": "- 不能声称{places}",
        "list": "- 这些行不是以“- ”开头的要点：{places}",
        "prose": "- 必须写成连贯的段落，不要列表。",
        "tones": "- 平仄不对：{places}",
    },
}
UNITS = {
    "en": {"words": "words", "characters": "characters", "sentences": "sentences"},
    "zh": {"words": "字", "characters": "个字符", "sentences": "句"},
}
LANGUAGES = {"en": {"en": "English", "zh": "Chinese"}, "zh": {"en": "英文", "zh": "中文"}}
