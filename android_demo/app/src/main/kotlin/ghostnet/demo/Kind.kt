package ghostnet.demo

import ghostnet.core.Task

/** What the models of one screen take; each screen remembers its own choice. */
enum class Kind(
    val tasks: List<Task>,
    val key: String, // of what is remembered
    val none: Int, // said where the app has no such model
) {
    PHOTOS(listOf(Task.CLASSIFY, Task.DETECT, Task.SEGMENT), "model", R.string.no_model),
    SOUNDS(listOf(Task.KEYWORDS), "listener", R.string.no_listener),
}
