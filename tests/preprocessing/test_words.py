"""Words of any script: where spaces divide them, tokens are what stands between."""

from __future__ import annotations

import re
import unicodedata
import warnings

import numpy as np
import pytest

from sksequence.preprocessing import SequenceTokenizer
from sksequence.preprocessing._words import find_words

# Article 1 of the Universal Declaration of Human Rights, the beginning of it.
SENTENCES = {
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के विषय में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "Nepali": "सबै व्यक्तिहरू जन्मजात स्वतन्त्र हुन् ती सबैको समान अधिकार र महत्व छ।",
    "Bengali": "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।",
    "Tamil": "மனிதப் பிறிவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்; அவர்கள் சமமானவர்கள்",
    "Sinhala": "සියලු මනුෂ්\u200dයයෝ නිදහස්ව උපත ලබා ඇත.",
    "Hebrew": "כָּל בְּנֵי הָאָדָם נוֹלְדוּ בְּנֵי חוֹרִין וְשָׁוִים בְּעֶרְכָּם וּבִזְכֻיּוֹתֵיהֶם.",
    "Arabic": "يُولَدُ جَمِيعُ النَّاسِ أَحْرَارًا مُتَسَاوِينَ فِي الْكَرَامَةِ وَالْحُقُوقِ.",
    "Persian": "تمام افراد بشر آزاد به دنیا می\u200cآیند و با هم برابرند.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng.",
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "French": "Tous les êtres humains naissent libres et égaux en dignité.",
}


def between_spaces(text):
    return re.sub("([.;।])", r" \1", text).split()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("language", SENTENCES)
def test_words_are_what_stands_between_spaces(language, form):
    text = unicodedata.normalize(form, SENTENCES[language])
    assert find_words(text) == between_spaces(text)


@pytest.mark.parametrize("language", SENTENCES)
def test_a_text_has_the_same_tokens_in_each_of_its_forms(language):
    tokenizer = SequenceTokenizer()
    forms = ("NFC", "NFD", "NFKC", "NFKD")
    texts = [unicodedata.normalize(form, SENTENCES[language]) for form in forms]
    ids = tokenizer.fit_transform(texts)
    for other in ids[1:]:
        np.testing.assert_array_equal(other, ids[0])
    text = unicodedata.normalize("NFC", SENTENCES[language].lower())
    assert tokenizer.inverse_transform(ids[:1]) == [between_spaces(text)]


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB, DARK_THUMB = "\U0001f44d", "\U0001f44d\U0001f3ff"
CODER = "\U0001f469\U0001f3fe\u200d\U0001f4bb"
GERMANY, FRANCE = "\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
BURNING_HEART = "\u2764\ufe0f\u200d\U0001f525"
SHAKEN_HEAD = "\U0001f642\u200d\u2194\ufe0f"
ONE, TWO, HASH = "1\ufe0f\u20e3", "2\ufe0f\u20e3", "#\ufe0f\u20e3"
EMOJI = [
    *(FAMILY, THUMB, DARK_THUMB, CODER, GERMANY, FRANCE, ENGLAND),
    *(BURNING_HEART, SHAKEN_HEAD, ONE, TWO, HASH),
]


@pytest.mark.parametrize("between", ["", " "])
def test_emoji_are_tokens_as_they_are_shown(between):
    assert find_words(between.join(EMOJI)) == EMOJI
    assert find_words(between.join(EMOJI[::-1])) == EMOJI[::-1]
    assert find_words(f"so{between}{FAMILY}{between}good!") == ["so", FAMILY, "good", "!"]


def test_a_letter_alone_is_no_half_of_a_flag():
    half = GERMANY[0]
    assert find_words(GERMANY + half) == [GERMANY, half]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "cafe\u0301's l\u2019e\u0301te\u0301",
            ["cafe\u0301's", "l\u2019e\u0301te\u0301"],
        ),
        ("\u0301 a \u0301\u0301", ["\u0301", "a", "\u0301\u0301"]),
        ("\ufeffHello\u200e, \u202bמה\u202c!", ["Hello", ",", "מה", "!"]),
        ("co\u00adop\u00ad", ["co\u00adop"]),
        ("ខ្ញុំ\u200bចូលចិត្ត\u200bភាពយន្ត", ["ខ្ញុំ", "ចូលចិត្ត", "ភាពយន្ត"]),
        ("র\u200d্যাব", ["র\u200d্যাব"]),
        ("ภาษาไทย ง่าย", ["ภาษาไทย", "ง่าย"]),
        ("", []),
        ("\u200b\u200d\ufeff ", []),
    ],
)
def test_marks_and_invisible_characters(text, words):
    assert find_words(text) == words


def test_plain_text_has_the_words_of_the_pattern_that_was_the_default():
    pattern = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
    latin = [chr(i) for i in range(0x250) if chr(i) not in "\u00ad"]
    rng = np.random.default_rng(0)
    for characters in ([*map(chr, range(128))], [*latin, *" '\u2019\u201c\u20ac\u2026"]):
        for _ in range(50):
            text = "".join(rng.choice(characters, size=200))
            assert find_words(text) == pattern.findall(text)


# ---------------------------------------------------------- scripts without spaces


PHRASES = {
    "Thai": ["ฉันชอบหนังเรื่องนี้มาก", "อาหารที่นี่ไม่อร่อยเลย"],
    "Chinese": ["我非常喜欢这部电影", "这家餐厅的菜不好吃"],
    "Japanese": ["この映画がとても好きです", "料理はおいしくなかった"],
    "Khmer": ["ខ្ញុំចូលចិត្តភាពយន្តនេះ", "អាហារនៅទីនេះមិនឆ្ងាញ់ទេ"],
}


@pytest.mark.parametrize("language", PHRASES)
def test_phrases_without_spaces_get_a_hint(language):
    texts = PHRASES[language]
    for X in (texts, [*texts, "and some English words between"]):
        with pytest.warns(UserWarning, match='phrases rather than .* analyzer="char"'):
            SequenceTokenizer().fit(X)
    tokenizer = SequenceTokenizer(analyzer="char")
    ids = tokenizer.fit_transform(texts)
    characters = [list(unicodedata.normalize("NFC", text)) for text in texts]
    assert tokenizer.inverse_transform(ids) == characters


def test_words_of_these_scripts_get_none():
    words = {
        "Thai": ["ฉัน ชอบ หนัง เรื่อง นี้ มาก", "อาหาร ที่นี่ ไม่ อร่อย เลย"],
        "Chinese": ["我 非常 喜欢 这 部 电影", "这 家 餐厅 的 菜 不 好吃"],
        "Japanese": ["この 映画 が とても 好き です", "コンピューター は 高い"],
        "Khmer": ["ខ្ញុំ\u200bចូលចិត្ត\u200bភាពយន្ត\u200bនេះ"],
    }
    quoted = [f"word{i}" for i in range(60)] + PHRASES["Chinese"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for texts in [*words.values(), list(SENTENCES.values()), quoted]:
            SequenceTokenizer().fit(texts)
        for texts in PHRASES.values():
            SequenceTokenizer(analyzer="char").fit(texts)
            SequenceTokenizer(analyzer=str.split).fit(texts)
            SequenceTokenizer().fit([[text] for text in texts])
