package ghostnet.demo

import android.Manifest
import android.content.pm.PackageManager
import android.os.Bundle
import android.os.Handler
import android.os.HandlerThread
import android.widget.TextView
import ghostnet.android.Listener
import ghostnet.android.ModelAssets
import ghostnet.core.AnswerLine
import ghostnet.core.BadModel
import ghostnet.core.FrameGate
import ghostnet.core.Hearing
import ghostnet.core.LastSound
import ghostnet.core.LiveSound
import ghostnet.core.Outcome
import ghostnet.core.Smoothing
import ghostnet.core.SoundStage
import ghostnet.core.SoundTrouble
import ghostnet.core.percentOf
import ghostnet.core.supervised
import java.util.concurrent.atomic.AtomicBoolean

/** What is said, live. When it listens is decided by [LiveSound]; nothing of what it hears is kept. */
class ListenActivity : Screen(R.layout.listen, R.id.to_listen) {
    private lateinit var rows: AnswerRows
    private lateinit var word: TextView
    private lateinit var times: TextView
    private lateinit var live: LiveSound
    private lateinit var permission: PermissionDesk
    private var chooser: ModelChooser? = null
    private var microphone: Microphone? = null

    // Of the models' thread, which loads and runs them, and what is touched on it alone.
    private val models = HandlerThread("models").apply { start() }
    private val work by lazy { Handler(models.looper) }
    private val gate = FrameGate<Listener>()
    private var hearing: LastSound? = null // of the microphone that is open now
    private var smoothing: Smoothing? = null
    private var saidAt = 0.0 // seconds of its sound

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        word = findViewById(R.id.word)
        times = findViewById(R.id.times)
        rows = AnswerRows(findViewById(R.id.answers), findViewById(R.id.not_sure), TOP)
        permission = PermissionDesk(this, Manifest.permission.RECORD_AUDIO, R.string.no_hearing, state)
        live = LiveSound(Rooms())
        try {
            chooser = ModelChooser(this, ModelAssets(this), Kind.SOUNDS, live::modelChanged)
        } catch (error: BadModel) {
            showProblem(error.message.orEmpty())
        }
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        permission.keep(state)
    }

    override fun onResume() {
        super.onResume()
        if (chooser != null) live.resumed(permission.now())
    }

    override fun onPause() {
        live.paused()
        super.onPause()
    }

    override fun onDestroy() {
        models.quitSafely()
        super.onDestroy()
    }

    /** On the models' thread. */
    private fun loadModel() = guarded { chooser?.listener()?.let(gate::opened) }

    /** On the models' thread. What fails is shown, and ends the listening. */
    private fun guarded(work: () -> Unit) {
        val outcome = supervised("", { _, _ -> }, work)
        if (outcome !is Outcome.Failed) return
        gate.closed()?.close()
        runOnUiThread {
            live.modelFailed()
            showProblem(outcome.why, R.string.again, live::again)
        }
    }

    /** On the models' thread; [sound] may be of a microphone that was closed meanwhile. */
    private fun hear(sound: LastSound) =
        guarded {
            val smoothed = smoothing
            if (sound === hearing && smoothed != null) {
                gate.frame(System.nanoTime()) { listener, _ -> say(listener, sound, smoothed) }
            }
        }

    private fun say(
        listener: Listener,
        sound: LastSound,
        smoothed: Smoothing,
    ) {
        val window = sound.window()
        val heard = listener.hear(window.samples)
        val label = smoothed.heard(heard.probabilities, window.seconds)
        if (label != null) saidAt = window.seconds
        val isOver = window.seconds - saidAt > SHOWN_S
        val best =
            smoothed.means
                .withIndex()
                .sortedByDescending { it.value }
                .take(TOP)
        val lines = best.map { AnswerLine(listener.names[it.index], percentOf(it.value)) }
        val accelerator = listener.accelerator
        runOnUiThread {
            if (label != null) {
                word.text = listener.names[label]
            } else if (isOver) {
                word.text = ""
            }
            rows.tell(lines, if (window.isMute) R.string.mute else null)
            times.text = getString(R.string.inference_time, heard.inferenceMs, accelerator)
        }
    }

    private inner class Rooms : SoundStage {
        override fun openMicrophone() {
            if (!packageManager.hasSystemFeature(
                    PackageManager.FEATURE_MICROPHONE,
                )
            ) {
                return live.noMicrophone()
            }
            val record = chooser?.record() ?: return
            microphone = Microphone(record.sound.rate, News(record.sound, record.labels)).also { it.open() }
        }

        override fun closeMicrophone() {
            microphone?.close()
            microphone = null
            work.post { hearing = null }
        }

        override fun loadModel() {
            rows.clear()
            word.text = ""
            times.text = getString(R.string.loading)
            work.post(::loadModel)
        }

        override fun closeModel() {
            work.post { gate.closed()?.close() }
        }

        override fun show(trouble: SoundTrouble?) =
            when (trouble) {
                null -> {
                    hideProblem()
                }

                SoundTrouble.NOT_ASKED -> {
                    permission.ask()
                }

                SoundTrouble.REFUSED -> {
                    permission.explain()
                }

                SoundTrouble.NO_MICROPHONE -> {
                    showProblem(getString(R.string.no_microphone))
                }

                SoundTrouble.LOST -> {
                    showProblem(
                        getString(R.string.microphone_lost),
                        R.string.again,
                        live::again,
                    )
                }

                SoundTrouble.TAKEN -> {
                    showProblem(getString(R.string.microphone_taken))
                }

                SoundTrouble.MODEL -> {
                    Unit
                } // who says that it failed says why
            }
    }

    /** On the microphone's thread. */
    private inner class News(
        private val how: Hearing,
        private val labels: List<String>,
    ) : MicrophoneNews {
        private var sound: LastSound? = null
        private val isWaiting = AtomicBoolean() // for the models' thread

        override fun opened(rate: Int) {
            val opened = LastSound(how, rate)
            sound = opened
            work.post {
                hearing = opened
                smoothing = Smoothing(labels, how.smoothing)
                saidAt = 0.0
            }
        }

        override fun heard(
            samples: ShortArray,
            count: Int,
        ) {
            val one = sound ?: return
            one.heard(samples, count)
            if (!one.isDue || !isWaiting.compareAndSet(false, true)) return
            work.post {
                isWaiting.set(false)
                hear(one)
            }
        }

        override fun taken(isTaken: Boolean) = runOnUiThread { live.taken(isTaken) }

        override fun lost() = runOnUiThread(live::lost)
    }

    private companion object {
        const val TOP = 5
        const val SHOWN_S = 2.0 // a word, so that the same word again is said again
    }
}
