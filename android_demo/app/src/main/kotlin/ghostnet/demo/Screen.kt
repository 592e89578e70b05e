package ghostnet.demo

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.TextView

/** One of the app's five screens: its layout, the bar that leads to the others, one problem panel. */
abstract class Screen(
    private val layout: Int,
    private val own: Int, // the button of this screen
) : Activity() {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(layout)
        for ((id, screen) in SCREENS) {
            val button = findViewById<Button>(id)
            button.isSelected = id == own // a screen reader says so; a disabled one it would skip
            button.setOnClickListener {
                if (id !=
                    own
                ) {
                    startActivity(Intent(this, screen).addFlags(Intent.FLAG_ACTIVITY_REORDER_TO_FRONT))
                }
            }
        }
    }

    /** In place of the screen's content: what is wrong, and a button that may help. */
    fun showProblem(
        text: String,
        action: Int? = null,
        act: () -> Unit = {},
    ) {
        findViewById<View>(R.id.problem).visibility = View.VISIBLE
        findViewById<TextView>(R.id.problem_text).text = text
        val button = findViewById<Button>(R.id.problem_action)
        button.visibility = if (action == null) View.GONE else View.VISIBLE
        action?.let(button::setText)
        button.setOnClickListener { act() }
    }

    protected fun hideProblem() {
        findViewById<View>(R.id.problem).visibility = View.GONE
    }

    private companion object {
        val SCREENS =
            mapOf(
                R.id.to_camera to CameraActivity::class.java,
                R.id.to_gallery to GalleryActivity::class.java,
                R.id.to_listen to ListenActivity::class.java,
                R.id.to_benchmark to BenchmarkActivity::class.java,
                R.id.to_about to AboutActivity::class.java,
            )
    }
}
