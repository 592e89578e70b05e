package ghostnet.demo

import android.R.layout.simple_spinner_dropdown_item
import android.R.layout.simple_spinner_item
import android.content.Intent
import android.os.Bundle
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.view.WindowManager
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.Spinner
import android.widget.TextView
import ghostnet.core.BadModel
import ghostnet.core.Doubts
import ghostnet.core.Effort
import java.util.concurrent.Executors

/**
 * The single-thread benchmark of all models in the app. A person starts it here; a computer with
 * `adb shell am start -n ghostnet.demo/.BenchmarkActivity --es effort quick --es run NAME`.
 */
class BenchmarkActivity : Screen(R.layout.benchmark, R.id.to_benchmark) {
    private val worker = Executors.newSingleThreadExecutor()
    private lateinit var efforts: Spinner
    private lateinit var startButton: Button
    private lateinit var progress: TextView

    @Volatile
    private var isCancelled = false
    private var isRunning = false

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        efforts = findViewById(R.id.effort)
        startButton = findViewById(R.id.start)
        progress = findViewById(R.id.progress)
        efforts.adapter =
            ArrayAdapter(this, simple_spinner_item, Effort.entries.map { it.title }).apply {
                setDropDownViewResource(simple_spinner_dropdown_item)
            }
        startButton.setOnClickListener {
            if (isRunning) {
                isCancelled = true
            } else {
                start(Effort.entries[efforts.selectedItemPosition], "run-${System.currentTimeMillis()}")
            }
        }
        if (state == null) startAsTold(intent)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        startAsTold(intent)
    }

    /** Another app in front takes the fast cores: what is measured then is worth nothing. */
    override fun onStop() {
        isCancelled = true
        super.onStop()
    }

    override fun onDestroy() {
        worker.shutdown()
        super.onDestroy()
    }

    private fun startAsTold(intent: Intent) {
        val run = intent.getStringExtra("run")?.takeIf(ResultFiles::isRun) ?: return
        val effort = Effort.of(intent.getStringExtra("effort").orEmpty())
        if (effort == null || isRunning) {
            ResultFiles(this, run).say("failed", getString(R.string.cannot_start))
            return
        }
        efforts.setSelection(effort.ordinal)
        start(effort, run)
    }

    private fun start(
        effort: Effort,
        run: String,
    ) {
        isCancelled = false
        setRunning(true)
        hideProblem()
        progress.text = getString(R.string.loading)
        worker.execute {
            try {
                val measured =
                    BenchmarkRun(this, effort, run) { isCancelled }.measure { text ->
                        runOnUiThread { progress.text = text }
                    }
                runOnUiThread { measured?.let(::show) ?: progress.setText(R.string.cancelled) }
            } catch (error: BadModel) {
                runOnUiThread { showProblem(error.message.orEmpty()) }
            } finally {
                runOnUiThread { setRunning(false) }
            }
        }
    }

    private fun setRunning(isOn: Boolean) {
        isRunning = isOn
        efforts.isEnabled = !isOn
        startButton.setText(if (isOn) R.string.stop else R.string.start)
        val flag = WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
        if (isOn) window.addFlags(flag) else window.clearFlags(flag)
    }

    private fun show(measured: Measured) {
        val place = findViewById<ViewGroup>(R.id.results)
        place.removeAllViews()
        for ((artifact, latency) in measured.latencies) {
            val row = LayoutInflater.from(this).inflate(R.layout.result, place, false)
            val record = artifact.record
            row.findViewById<TextView>(R.id.result_model).text =
                getString(R.string.model_title, record.title, record.recipe)
            row.findViewById<TextView>(R.id.result_time).text =
                getString(R.string.result, latency.medianMs, latency.p90Ms)
            row.findViewById<TextView>(R.id.result_doubts).text = Doubts.about(latency).joinToString("\n")
            place.addView(row)
        }
        val states = measured.rounds.flatMap { listOf(it.before, it.after) }
        val heat = Doubts.ofHeat(states).joinToString("\n")
        progress.text = getString(R.string.finished, measured.rounds.size) + "\n" + heat
        val share = findViewById<Button>(R.id.share)
        share.visibility = View.VISIBLE
        share.setOnClickListener { startActivity(ShareProvider.share(this, measured.files.results)) }
    }
}
