package ghostnet.demo

import androidx.test.platform.app.InstrumentationRegistry
import ghostnet.core.Effort
import ghostnet.core.Fields
import ghostnet.core.Json
import ghostnet.core.Outcome
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.File

/** The benchmark on this phone, from its models to its files. */
class RunTest {
    private val context = InstrumentationRegistry.getInstrumentation().targetContext

    private fun state(run: String): String =
        Fields(Json.read(File(ResultFiles.folder(context), "$run.state").readText()), "state").text("state")

    @Test
    fun aQuickRunOfTwoFilesIsDone() {
        val outcome =
            BenchmarkRun(
                context,
                Effort.QUICK,
                "test-1",
                { "_wi8_ai8" in it },
                { false },
            ).measure {}

        assertTrue((outcome as? Outcome.Failed)?.why.orEmpty(), outcome is Outcome.Done)
        val measured = (outcome as Outcome.Done).value
        assertEquals(emptySet<Any>(), measured.measurements.failed.keys)
        assertTrue(measured.latencies.all { it.second.medianMs > 0 })
        val json = Fields(Json.read(measured.files.results.readText()), "results")
        assertEquals(Effort.QUICK.rounds, json.list("rounds").size)
        assertEquals("done", state("test-1"))
    }

    @Test
    fun aCancelledRunSaysSo() {
        val outcome = BenchmarkRun(context, Effort.QUICK, "test-2", { true }, { true }).measure {}

        assertTrue(outcome is Outcome.Cancelled)
        assertEquals("failed", state("test-2"))
    }
}
