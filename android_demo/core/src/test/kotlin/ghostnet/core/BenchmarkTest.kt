package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.util.concurrent.CancellationException

/** A phone on which every run of a model takes as long as the model says. */
private class ScriptedMachine(
    private val pace: (Long) -> Double = { 1.0 },
    private val heat: (Long) -> Int = { 0 },
) : Machine {
    var now = 0L
    var sleptMs = 0L

    var onNanos: () -> Unit = {}

    override fun nanos() = now.also { onNanos() }

    override fun sleep(ms: Long) {
        sleptMs += ms
        now += ms * 1_000_000
    }

    override fun conditions() = Conditions(25.0, heat(now), isSavingPower = false, isCharging = true)

    override fun peakMemoryBytes() = 1_000_000L

    var pinned = 0

    override fun pin() {
        pinned++
    }

    override fun place() = Place(7, 2_850_000)

    override fun slowdown() = pace(now)
}

class BenchmarkTest {
    private val artifacts = listOf(artifact("a"), artifact("b"), artifact("c"))
    private val opened = ArrayList<String>()
    private var closed = 0
    private val calls = ArrayList<String>() // of the models and of the clock, in order
    private var isBad: (Artifact, Int) -> Boolean = { _, _ -> false }

    private fun artifact(name: String): Artifact {
        val json = Goldens.json("record").replace("2".repeat(64), sha256(name.toByteArray()))
        return Artifact("$name.tflite", name.toByteArray(), Record.read(json))
    }

    private fun benchmark(
        machine: ScriptedMachine,
        effort: Effort = Effort.QUICK,
        isCancelled: () -> Boolean = { false },
    ) = Benchmark(artifacts, effort, machine, isCancelled) { artifact ->
        opened += artifact.name
        if (isBad(artifact, opened.count { it == artifact.name })) throw BadModel("${artifact.name} is odd")
        object : LoadedModel {
            override val loadMs = 3.0

            override fun run() {
                calls += "run"
                machine.now += 10_000_000
            }

            override fun outputSha256() = sha256(artifact.bytes).also { calls += "read" }

            override fun close() {
                closed++
            }
        }
    }

    @Test
    fun modelsTakeTurnsAndEverySecondRoundIsBackwards() {
        val rounds = benchmark(ScriptedMachine()).run({ _, _ -> }, {}).rounds

        assertEquals(Effort.QUICK.rounds, rounds.size)
        val order = opened.chunked(3)
        assertEquals(order[0].reversed(), order[1])
        assertEquals(order[4].reversed(), order[5])
        assertTrue(order.all { it.sorted() == listOf("a.tflite", "b.tflite", "c.tflite") })
        assertEquals(18, closed)
    }

    @Test
    fun warmUpIsNotAmongTheRunsAndBothMinimaAreMet() {
        val visit =
            benchmark(
                ScriptedMachine(),
                Effort.STANDARD,
            ).run({ _, _ -> }, {})
                .rounds[0]
                .visits.values
                .first()

        assertEquals(Effort.STANDARD.warmupRuns, visit.warmupMs.size)
        assertEquals(50, visit.latencyMs.size) // 0.5 s of 10 ms
        assertEquals(10.0, visit.latencyMs[0], 0.0)
    }

    @Test
    fun aHotPhoneIsGivenTimeButNotForEver() {
        val short = ScriptedMachine { now -> if (now < 12_000_000_000) 2 else 0 }
        benchmark(short, Effort.STANDARD).run({ _, _ -> }, {})
        assertEquals(15_000L, short.sleptMs)

        val forEver = ScriptedMachine { 3 }
        benchmark(forEver, Effort.STANDARD).run({ _, _ -> }, {})
        assertEquals(60_000L * 3 * Effort.STANDARD.rounds, forEver.sleptMs)
    }

    @Test
    fun cancellingKeepsFinishedRoundsAndClosesTheModel() {
        var kept = 0
        val machine = ScriptedMachine()

        assertThrows(CancellationException::class.java) {
            benchmark(machine, isCancelled = { kept == 2 }).run({ _, _ -> }, { kept = it.rounds.size })
        }

        assertEquals(2, kept)
        assertEquals(opened.size, closed)
    }

    @Test
    fun aPhoneThatIsSlowedDownIsGivenTimeAndTheVisitSaysHowMuch() {
        val machine = ScriptedMachine(pace = { now -> if (now < 7_000_000_000) 1.2 else 1.05 })

        val visits =
            benchmark(machine, Effort.STANDARD)
                .run({ _, _ -> }, {})
                .rounds[0]
                .visits.values
                .toList()

        assertEquals(10_000L, machine.sleptMs)
        assertEquals(listOf(10_000L, 0L, 0L), visits.map { it.pausedMs })
    }

    @Test
    fun eachVisitIsPinnedAndSaysWhereItRanAndUnderWhat() {
        val machine = ScriptedMachine()

        val visits = benchmark(machine).run({ _, _ -> }, {}).rounds.flatMap { it.visits.values }

        assertEquals(visits.size, machine.pinned)
        for (visit in visits) {
            assertEquals(listOf(7, 7), listOf(visit.before.core, visit.after.core))
            assertEquals(2_850_000L, visit.after.frequencyKhz)
            assertEquals(true, visit.conditions.isCharging)
            assertEquals(false, visit.conditions.isSavingPower)
            assertEquals(0, visit.conditions.thermalStatus)
        }
        val json = Json.read(results().json(benchmark(machine).run({ _, _ -> }, {})))
        val round = Fields(Fields(json, "results").list("rounds")[0], "round")
        val visit = round.fields("visits").fields(sha256("a".toByteArray()))
        assertEquals(7L, visit.fields("after").whole("core"))
        assertEquals(true, visit.fields("conditions").value("is_charging"))
    }

    private fun results() =
        Results(
            "app: a script",
            Effort.QUICK,
            artifacts,
            emptyMap(),
            RuntimeLibrary("2.1.6", "a".repeat(64)),
            1,
        )

    @Test
    fun noOutputIsReadWhileTheClockRuns() {
        val machine = ScriptedMachine().apply { onNanos = { calls += "clock" } }
        val one = Benchmark(artifacts.take(1), Effort.QUICK, machine) { benchmarkModel(machine) }
        one.run({ _, _ -> }, {})

        val runs = Effort.QUICK.warmupRuns + Effort.QUICK.runs
        val visit = List(runs) { listOf("clock", "run", "clock") }.flatten() + "read"
        assertEquals(List(Effort.QUICK.rounds) { visit }.flatten(), calls)
    }

    private fun benchmarkModel(machine: ScriptedMachine) =
        object : LoadedModel {
            override val loadMs = 1.0

            override fun run() {
                calls += "run"
                machine.now += 10_000_000
            }

            override fun outputSha256() = "0".repeat(64).also { calls += "read" }

            override fun close() = Unit
        }

    @Test
    fun aModelThatFailsIsLeftOutOfAllRoundsAndReported() {
        isBad = { artifact, visit -> artifact.name == "b.tflite" && visit == 3 }

        val measured = benchmark(ScriptedMachine()).run({ _, _ -> }, {})

        assertEquals(mapOf("b.tflite" to "b.tflite is odd"), measured.failed.mapKeys { it.key.name })
        assertEquals(Effort.QUICK.rounds, measured.rounds.size)
        assertTrue(
            measured.rounds.all { round ->
                round.visits.keys
                    .map { it.name }
                    .sorted() ==
                    listOf("a.tflite", "c.tflite")
            },
        )
        assertEquals(3, opened.count { it == "b.tflite" })
        val json = Fields(Json.read(results().json(measured)), "results")
        assertEquals("b.tflite is odd", json.fields("failed").text(sha256("b".toByteArray())))
    }

    @Test
    fun whereAllModelsFailThereIsNoResult() {
        isBad = { _, _ -> true }

        val error = assertThrows(BadModel::class.java) { benchmark(ScriptedMachine()).run({ _, _ -> }, {}) }

        assertTrue(error.message!!.endsWith(".tflite is odd"))
    }

    @Test
    fun theClocksStepIsTheSmallestThatWasSeen() {
        var calls = 0L

        assertEquals(52L, clockResolutionNs { calls++ / 3 * 52 })
    }

    @Test
    fun everyModelIsFirstInSomeRoundOfManySeeds() {
        assertEquals(setOf(0, 1, 2), (0L until 20).map { orders(3, 1, it)[0][0] }.toSet())
    }
}
