package ghostnet.core

/** One paragraph, item of a list, row of a table, or heading, as it is read. */
data class Block(
    val text: String,
    val isHeading: Boolean = false,
)

/** Plain text: what an empty line separates, its own line breaks undone. */
fun paragraphs(text: String): List<Block> =
    text
        .split(Regex("\\n[ \\t]*\\n"))
        .map { lines -> lines.trim().lines().joinToString(" ") { it.trim() } }
        .filter { it.isNotEmpty() }
        .map { Block(it) }

/** As much of Markdown as the texts in the app use, without its marks. */
fun markdown(text: String): List<Block> {
    val blocks = ArrayList<Block>()
    val open = StringBuilder()

    fun end() {
        if (open.isNotEmpty()) blocks += Block(plain(open.toString()))
        open.clear()
    }
    for (line in text.replace(COMMENT, "").lines()) {
        val words = line.trim()
        val heading = HEADING.matchEntire(words)
        when {
            words.isEmpty() || words.startsWith("```") -> {
                end()
            }

            heading != null -> {
                end()
                blocks += Block(plain(heading.groupValues[1]), isHeading = true)
            }

            RULE.matches(words) -> {
                end()
            }

            words.startsWith("|") -> {
                end()
                val cells = words.trim('|').split("|").map { plain(it.trim()) }
                blocks += Block(cells.filter { it.isNotEmpty() }.joinToString(" · "))
            }

            ITEM.containsMatchIn(words) -> {
                end()
                open.append("• ").append(words.replaceFirst(ITEM, ""))
            }

            else -> {
                if (open.isNotEmpty()) open.append(' ')
                open.append(words)
            }
        }
    }
    end()
    return blocks.filter { it.text.isNotEmpty() }
}

private fun plain(text: String): String =
    text
        .replace(IMAGE, "")
        .replace(LINK, "$1")
        .replace(STRONG, "$1")
        .replace("`", "")
        .trim()

private val COMMENT = Regex("<!--.*?-->", RegexOption.DOT_MATCHES_ALL)
private val HEADING = Regex("#{1,6} +(.*)")
private val RULE = Regex("\\|?[-:| ]*-[-:| ]*")
private val ITEM = Regex("^[-*] +")
private val IMAGE = Regex("!\\[[^\\]]*]\\([^)]*\\)")
private val LINK = Regex("\\[([^\\]]*)]\\([^)]*\\)")
private val STRONG = Regex("\\*\\*(.+?)\\*\\*")
