package ghostnet.core

import java.util.concurrent.CancellationException

/** What the benchmark's screen can do. */
interface Desk {
    /** On a thread of its own; [BenchmarkSession.ended] is called when it is over. */
    fun begin(
        effort: Effort,
        run: String,
    )

    /** Nothing was started; a computer that waits for [run] must hear of it. */
    fun refuse(run: String)

    /** The buttons follow; the screen stays on while it runs. */
    fun running(isOn: Boolean)
}

/** How a benchmark comes and goes: by a person, by a computer, by whatever is in front of it. */
class BenchmarkSession(
    private val desk: Desk,
) {
    /** Read by the worker between two runs of a model. */
    @Volatile
    var isCancelled = false
        private set

    var isRunning = false
        private set

    /**
     * Told by an intent. One that Android kept from long ago, for its list of recent apps, starts nothing:
     * its computer has left.
     */
    fun told(
        effort: String?,
        run: String?,
        isFromHistory: Boolean,
    ): Effort? {
        if (run == null || !Sharing.isRun(run) || isFromHistory) return null
        val known = Effort.of(effort.orEmpty())
        if (known == null || isRunning) {
            desk.refuse(run)
            return null
        }
        return known.also { begin(it, run) }
    }

    /** The one button: start, or stop. */
    fun tapped(
        effort: Effort,
        run: String,
    ) {
        if (isRunning) isCancelled = true else begin(effort, run)
    }

    /** Another app in front takes the fast cores: what is measured then is worth nothing. */
    fun left() {
        isCancelled = true
    }

    fun ended() {
        isRunning = false
        desk.running(false)
    }

    private fun begin(
        effort: Effort,
        run: String,
    ) {
        isCancelled = false
        isRunning = true
        desk.running(true)
        desk.begin(effort, run)
    }
}

/** How a run ended. */
sealed class Outcome<out T> {
    class Done<T>(
        val value: T,
    ) : Outcome<T>()

    object Cancelled : Outcome<Nothing>()

    class Failed(
        val why: String,
    ) : Outcome<Nothing>()
}

/**
 * A run of a worker, whatever comes of it: nothing is thrown, for an exception that leaves a thread ends
 * the whole app, and [say] is told `done` or `failed` in every case, for a computer waits for that word.
 */
fun <T> supervised(
    cancelled: String,
    say: (state: String, text: String) -> Unit,
    work: () -> T,
): Outcome<T> {
    val outcome =
        try {
            Outcome.Done(work())
        } catch (_: CancellationException) {
            Outcome.Cancelled
        } catch (error: BadModel) {
            Outcome.Failed(error.message.orEmpty())
        } catch (error: Exception) {
            Outcome.Failed("It stopped: $error")
        } catch (error: OutOfMemoryError) {
            Outcome.Failed("There is not enough memory: ${error.message}")
        } catch (error: LinkageError) {
            Outcome.Failed("This phone lacks what it needs: $error")
        }
    when (outcome) {
        is Outcome.Done -> say("done", "")
        is Outcome.Cancelled -> say("failed", cancelled)
        is Outcome.Failed -> say("failed", outcome.why)
    }
    return outcome
}
