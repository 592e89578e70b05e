package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class MarkdownTest {
    @Test
    fun marksAreGoneAndHeadingsAreKnown() {
        val text =
            """
            # A card: one

            Words over
            two lines, **strong** and `code_with_a_name`, [a link](x.md).
            <!-- not
            shown -->

            | | |
            |---|---:|
            | network | GhostNet 0.5x |

            ```sh
            run it
            ```

            - one
              thing
            - another
            ![curves](c.png)
            """.trimIndent()

        val expected =
            listOf(
                Block("A card: one", isHeading = true),
                Block("Words over two lines, strong and code_with_a_name, a link."),
                Block("network · GhostNet 0.5x"),
                Block("run it"),
                Block("• one thing"),
                Block("• another"),
            )
        assertEquals(expected, markdown(text))
    }

    @Test
    fun aLicenceKeepsItsParagraphs() {
        assertEquals(
            listOf(Block("Apache License Version 2.0"), Block("1. One.")),
            paragraphs("  Apache License\n  Version 2.0\n\n\n1. One.\n"),
        )
    }
}
