package ghostnet.core

/** What another app may read of this one: the results of a run, by the name of its file alone. */
object Sharing {
    private val RUN = Regex("[A-Za-z0-9_-]{1,64}")

    /** A name that comes from outside must not lead to another folder. */
    fun isRun(name: String) = RUN.matches(name)

    /** The run that a reader may have; null where it asks for anything else. */
    fun run(
        segments: List<String>,
        mode: String,
    ): String? {
        val name = segments.singleOrNull() ?: return null
        val run = name.removeSuffix(JSON)
        return run.takeIf { mode == "r" && name.endsWith(JSON) && isRun(it) }
    }

    const val JSON = ".json"
}
