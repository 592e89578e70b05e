package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.util.concurrent.CancellationException

/** A phone on which every run of a model takes as long as the model says. */
private class ScriptedMachine(
    private val heat: (Long) -> Int = { 0 },
) : Machine {
    var now = 0L
    var sleptMs = 0L

    override fun nanos() = now

    override fun sleep(ms: Long) {
        sleptMs += ms
        now += ms * 1_000_000
    }

    override fun conditions() = Conditions(25.0, heat(now))

    override fun peakMemoryBytes() = 1_000_000L
}

class BenchmarkTest {
    private val artifacts = listOf(artifact("a"), artifact("b"), artifact("c"))
    private val opened = ArrayList<String>()
    private var closed = 0

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
        object : LoadedModel {
            override val loadMs = 3.0

            override fun run() {
                machine.now += 10_000_000
            }

            override fun outputSha256() = sha256(artifact.bytes)

            override fun close() {
                closed++
            }
        }
    }

    @Test
    fun modelsTakeTurnsAndEverySecondRoundIsBackwards() {
        val rounds = benchmark(ScriptedMachine()).run({ _, _ -> }, {})

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
            ).run({ _, _ -> }, {})[0].visits.values.first()

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
            benchmark(machine, isCancelled = { kept == 2 }).run({ _, _ -> }, { kept = it.size })
        }

        assertEquals(2, kept)
        assertEquals(opened.size, closed)
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
