package ghostnet.demo

import android.os.Bundle
import android.widget.TextView
import ghostnet.core.BadModel
import ghostnet.core.Record
import java.io.IOException

/** What is in this app: its models with their measured accuracy, the model card, the licence. */
class AboutActivity : Screen(R.layout.about, R.id.to_about) {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        findViewById<TextView>(R.id.models).text = models()
        findViewById<TextView>(R.id.card).text = text("about/model_card.md")
        findViewById<TextView>(R.id.licence).text = text("about/LICENSE")
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
            if (top1 == null) {
                getString(R.string.no_accuracy)
            } else {
                getString(R.string.accuracy, 100 * top1, record.photos ?: 0)
            }
        return "$title\n$accuracy\nSHA-256 ${record.sha256}"
    }

    private fun text(asset: String): String =
        try {
            assets.open(asset).use { it.readBytes().decodeToString() }
        } catch (_: IOException) {
            getString(R.string.missing_text, asset)
        }
}
