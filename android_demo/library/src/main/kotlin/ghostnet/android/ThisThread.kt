package ghostnet.android

/** The core that the calling thread runs on, where the native part can be loaded; null where not. */
object ThisThread {
    fun core(): Int? = if (GhostJni.missing == null) GhostJni.core().takeIf { it >= 0 } else null

    /** Asks for one core; some phones ignore it, which [core] then shows. */
    fun askFor(core: Int) {
        if (GhostJni.missing == null) GhostJni.pin(core)
    }
}
