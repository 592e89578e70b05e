package ghostnet.core

import java.util.Random

/** How much is measured: the tiers of `benchmark/plan.py`. One round visits every model once. */
enum class Effort(
    val rounds: Int,
    val runs: Int, // at least, in each visit
    val seconds: Double, // at least, in each visit
    val warmupRuns: Int,
    val cooldownS: Int, // how long the phone may rest before a visit, until it is cool
) {
    QUICK(6, 20, 0.15, 3, 0),
    STANDARD(10, 50, 0.5, 5, 60),
    STRICT(10, 103, 6.0, 10, 300),
    ;

    val title get() = name.lowercase()

    companion object {
        fun of(title: String): Effort? = entries.find { it.title == title }
    }
}

/**
 * Which model is visited when, in each round. Every second round is the one before it backwards
 * (A B, B A): a phone that slows down evenly then takes as much from each model.
 */
fun orders(
    models: Int,
    rounds: Int,
    seed: Long = 0,
): List<List<Int>> {
    val random = Random(seed)
    val order = ArrayList<List<Int>>()
    for (round in 0 until rounds) {
        order += if (round % 2 == 1) order.last().asReversed() else (0 until models).shuffled(random)
    }
    return order
}
