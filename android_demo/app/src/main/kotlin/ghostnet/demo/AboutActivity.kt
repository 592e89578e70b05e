package ghostnet.demo

import android.os.Bundle
import android.view.LayoutInflater
import android.view.ViewGroup
import android.widget.TextView
import ghostnet.android.ModelAssets
import ghostnet.core.BadModel
import ghostnet.core.Block
import ghostnet.core.Record
import ghostnet.core.Task
import ghostnet.core.markdown
import ghostnet.core.paragraphs
import java.io.IOException

/** What is in this app: its models with their measured accuracy, the model card, the licences. */
class AboutActivity : Screen(R.layout.about, R.id.to_about) {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        findViewById<TextView>(R.id.models).text = models()
        show(R.id.card, "about/model_card.md", ::markdown)
        show(R.id.licence, "about/LICENSE", ::paragraphs)
        show(R.id.notices, "about/THIRD_PARTY_NOTICES.md", ::markdown)
    }

    private fun models(): String =
        try {
            val models = ModelAssets(this)
            models.names().joinToString("\n\n") { describe(models.record(it)) }
        } catch (error: BadModel) {
            error.message.orEmpty()
        }

    private fun describe(record: Record): String {
        val title = getString(R.string.model_title, record.title, record.recipe)
        val top1 = record.top1
        val accuracy =
            when {
                record.task == Task.KEYWORDS -> {
                    getString(R.string.hears, record.labels.joinToString())
                }

                record.task == Task.DETECT || record.task == Task.SEGMENT -> {
                    getString(
                        R.string.finds,
                        record.labels.joinToString(),
                    )
                }

                top1 == null -> {
                    getString(R.string.no_accuracy)
                }

                else -> {
                    getString(R.string.accuracy, 100 * top1, record.photos ?: 0)
                }
            }
        return "$title\n$accuracy\nSHA-256 ${record.sha256}"
    }

    private fun show(
        place: Int,
        asset: String,
        read: (String) -> List<Block>,
    ) {
        val blocks =
            try {
                read(assets.open(asset).use { it.readBytes().decodeToString() })
            } catch (_: IOException) {
                listOf(Block(getString(R.string.missing_text, asset)))
            }
        val inflater = LayoutInflater.from(this)
        val views = findViewById<ViewGroup>(place)
        for (block in blocks) {
            val layout = if (block.isHeading) R.layout.heading else R.layout.paragraph
            val view = inflater.inflate(layout, views, false) as TextView
            view.text = block.text
            views.addView(view)
        }
    }
}
