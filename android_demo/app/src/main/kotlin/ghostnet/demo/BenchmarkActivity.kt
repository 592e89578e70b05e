package ghostnet.demo

import android.R.layout.simple_spinner_dropdown_item
import android.R.layout.simple_spinner_item
import android.app.AlertDialog
import android.content.Intent
import android.os.Bundle
import android.os.PowerManager
import android.text.format.DateUtils
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.view.WindowManager
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.Spinner
import android.widget.TextView
import ghostnet.android.ModelAssets
import ghostnet.core.BadModel
import ghostnet.core.BenchmarkSession
import ghostnet.core.Desk
import ghostnet.core.Doubts
import ghostnet.core.Effort
import ghostnet.core.Outcome
import java.util.concurrent.Executors

/**
 * The single-thread benchmark of the models in the app. A person starts it here; a computer, which always
 * gets all models, with
 * `adb shell am start -n ghostnet.demo/.BenchmarkActivity --es effort quick --es run NAME`.
 */
class BenchmarkActivity : Screen(R.layout.benchmark, R.id.to_benchmark) {
    private val worker = Executors.newSingleThreadExecutor()
    private val session = BenchmarkSession(Screenful())
    private lateinit var choice: Choice
    private lateinit var efforts: Spinner
    private lateinit var startButton: Button
    private lateinit var progress: TextView
    private var isTold = false // by a computer, and not by a person

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        choice = Choice(this)
        efforts = findViewById(R.id.effort)
        startButton = findViewById(R.id.start)
        progress = findViewById(R.id.progress)
        efforts.adapter =
            ArrayAdapter(this, simple_spinner_item, Effort.entries.map { it.title }).apply {
                setDropDownViewResource(simple_spinner_dropdown_item)
            }
        startButton.setOnClickListener {
            isTold = false
            session.tapped(Effort.entries[efforts.selectedItemPosition], "run-${System.currentTimeMillis()}")
        }
        findViewById<View>(R.id.choose).setOnClickListener { choose() }
        list()
        if (state == null) startAsTold(intent)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        startAsTold(intent)
    }

    override fun onStop() {
        session.left()
        super.onStop()
    }

    override fun onDestroy() {
        worker.shutdown()
        super.onDestroy()
    }

    private fun startAsTold(intent: Intent) {
        val isFromHistory = intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY != 0
        if (!session.isRunning) isTold = true
        val run = intent.getStringExtra("run")
        session
            .told(
                intent.getStringExtra("effort"),
                run,
                isFromHistory,
            )?.let { efforts.setSelection(it.ordinal) }
    }

    private fun choose() {
        val models = ModelAssets(this)
        val names = models.all()
        try {
            val titles =
                names.map(models::record).map { getString(R.string.model_title, it.title, it.recipe) }
            AlertDialog
                .Builder(this)
                .setTitle(R.string.choose)
                .setMultiChoiceItems(
                    titles.toTypedArray(),
                    names.map(choice::isMeasured).toBooleanArray(),
                ) { _, place, isOn -> choice.measure(names[place], isOn) }
                .setPositiveButton(android.R.string.ok, null)
                .show()
        } catch (error: BadModel) {
            showProblem(error.message.orEmpty())
        }
    }

    private inner class Screenful : Desk {
        override fun begin(
            effort: Effort,
            run: String,
        ) {
            hideProblem()
            progress.text = getString(R.string.loading)
            val chosen: (String) -> Boolean = if (isTold) { _ -> true } else choice::isMeasured
            worker.execute {
                val outcome =
                    BenchmarkRun(this@BenchmarkActivity, effort, run, chosen) { session.isCancelled }
                        .measure { text -> runOnUiThread { progress.text = text } }
                runOnUiThread {
                    session.ended()
                    if (!isDestroyed) show(outcome)
                }
            }
        }

        override fun refuse(run: String) =
            ResultFiles(this@BenchmarkActivity, run).say("failed", getString(R.string.cannot_start))

        override fun running(isOn: Boolean) {
            efforts.isEnabled = !isOn
            startButton.setText(if (isOn) R.string.stop else R.string.start)
            val flag = WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
            if (isOn) window.addFlags(flag) else window.clearFlags(flag)
            val power = getSystemService(PowerManager::class.java)
            if (power.isSustainedPerformanceModeSupported) window.setSustainedPerformanceMode(isOn)
        }
    }

    private fun show(outcome: Outcome<Measured>) =
        when (outcome) {
            is Outcome.Done -> show(outcome.value)
            is Outcome.Cancelled -> progress.setText(R.string.cancelled)
            is Outcome.Failed -> showProblem(outcome.why)
        }

    private fun show(measured: Measured) {
        val place = findViewById<ViewGroup>(R.id.results)
        place.removeAllViews()
        val rounds = measured.measurements.rounds
        for ((artifact, latency) in measured.latencies) {
            val visits = rounds.map { it.visits.getValue(artifact) }
            val doubts = Doubts.about(latency) + Doubts.ofVisits(visits)
            val time = getString(R.string.result, latency.medianMs, latency.p90Ms)
            val record = artifact.record
            val title = getString(R.string.model_title, record.title, record.recipe)
            place.addView(row(place, title, time, doubts.joinToString("\n")))
        }
        for ((artifact, why) in measured.measurements.failed) {
            place.addView(row(place, artifact.record.title, getString(R.string.failed), why))
        }
        val heat = Doubts.ofHeat(rounds.flatMap { listOf(it.before, it.after) }).joinToString("\n")
        progress.text = getString(R.string.finished, rounds.size) + "\n" + heat
        val share = findViewById<Button>(R.id.share)
        share.visibility = View.VISIBLE
        share.setOnClickListener { startActivity(ShareProvider.share(this, measured.files.results)) }
        list()
    }

    /** The runs of before, each of which can be shared. */
    private fun list() =
        worker.execute {
            val kept = ResultFiles.kept(this)
            runOnUiThread {
                val place = findViewById<ViewGroup>(R.id.kept)
                place.removeAllViews()
                for (run in kept) {
                    val flags = DateUtils.FORMAT_SHOW_DATE or DateUtils.FORMAT_SHOW_TIME
                    val title = DateUtils.formatDateTime(this, run.atMs, flags)
                    val row = row(place, title, "", run.summary)
                    row.setOnClickListener { startActivity(ShareProvider.share(this, run.results)) }
                    place.addView(row)
                }
                val heading = findViewById<View>(R.id.kept_heading)
                heading.visibility = if (kept.isEmpty()) View.GONE else View.VISIBLE
            }
        }

    private fun row(
        place: ViewGroup,
        title: String,
        time: String,
        more: String,
    ): View {
        val row = LayoutInflater.from(this).inflate(R.layout.result, place, false)
        for ((id, text) in listOf(
            R.id.result_model to title,
            R.id.result_time to time,
            R.id.result_doubts to more,
        )) {
            val view = row.findViewById<TextView>(id)
            view.text = text
            view.visibility = if (text.isEmpty()) View.GONE else View.VISIBLE
        }
        return row
    }
}
