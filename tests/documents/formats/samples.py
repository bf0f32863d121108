"""A text that has every kind of block and style."""

BREAK = "  "
MARKDOWN = f"""\
# 标题与章节

First **bold**, *italic*, ***both***, `code` and ~~gone~~; see [the page](https://example.org/a).

这是**强调**的文字，**结论：**今天下雨。

Roses are red,{BREAK}
violets are *blue*.

## 列表 Lists

1. one
2. two
   - nested **bold**
   - 第二项

     more of it
3. three

- bullets
- again

> quoted 引文
>
> second

```python
if a < b & c:
    print("**no**")
```

### Table

| Name | 数量 |
| --- | --- |
| apples \\| pears | **3** |
| 苹果 | 4 |

---

## Special

snake_case 2 \\* 3 \\`x\\` \\<b> \\# 1

1\\. no list
"""
