package ghostnet.core

/** A model in the app cannot be used; the text is for the person who holds the phone. */
class BadModel(
    what: String,
) : Exception(what)

/** What a network does. */
enum class Task(
    val words: String, // after "This model"
) {
    CLASSIFY("names photos"),
    DETECT("finds things on photos"),
    SEGMENT("outlines things on photos"),
    KEYWORDS("hears words"),
}

/** What stands in the `.json` beside a `.tflite`, as far as the app needs it. */
class Record(
    val model: String,
    val weights: String,
    val recipe: String,
    val task: Task,
    private val seeing: Preprocessing?, // null: it takes no photo
    private val hearing: Hearing?, // null: it takes no sound
    val boxes: BoxesKept?, // of a detector
    val masks: MasksKept?, // of a segmenter
    val labels: List<String>, // in the order of the outputs
    val scores: Scores, // what these are
    val top1: Double?, // share of labelled photos, of exactly this file; null: not measured
    val photos: Long?, // on how many
    val partitions: Long,
    val delegatedOps: Long,
    val totalOps: Long,
    val sha256: String,
    val sizeBytes: Long,
    val hasOperators: Boolean, // Ghost operators, which only GhostNetwork runs
) {
    val title
        get() =
            (if (isGraphOnly) "$model (graph only)" else "$model $weights") +
                if (hasOperators) " with Ghost operators" else ""

    val preprocessing get() = seeing ?: throw BadModel("This model ${task.words}; it takes no photo.")

    val sound get() = hearing ?: throw BadModel("This model ${task.words}; it takes no sound.")

    /** Numbers that the network takes. */
    val inputSize get() = seeing?.inputSize ?: sound.length

    /** Random weights: its cost is real, and its answers mean nothing. */
    val isGraphOnly get() = weights == "seeded"

    /** Whether somebody can be told what it answers. */
    val isUsable get() = !isGraphOnly && labels.isNotEmpty()

    /** BadModel unless it does that. */
    fun mustBe(wanted: Task) {
        if (task != wanted) throw BadModel("This model ${task.words}; it is none that ${wanted.words}.")
    }

    /** BadModel unless outputs of these sizes are what it promises. */
    fun mustGive(sizes: List<Int>) {
        if (labels.isEmpty()) return
        if (sizes.size != if (task == Task.DETECT) 2 else 1) {
            throw BadModel("This model ${task.words}, and has ${sizes.size} outputs.")
        }
        // Boxes have four corners, and a score for each class; one output may stand for two classes.
        val classes =
            when (task) {
                Task.CLASSIFY, Task.KEYWORDS -> if (sizes[0] == 1 && labels.size == 2) 2 else sizes[0]
                Task.DETECT -> classesOf(sizes[0], sizes[1])
                Task.SEGMENT -> classesOfPixels(sizes[0])
            }
        if (classes != labels.size) {
            throw BadModel("This model has $classes classes, and ${labels.size} names for them.")
        }
    }

    private fun classesOf(
        boxes: Int,
        scores: Int,
    ) = if (boxes > 0 && 4 * scores % boxes == 0) 4 * scores / boxes else 0

    /** Logits for each pixel, or for each square of them. */
    private fun classesOfPixels(logits: Int): Int {
        val stride = checkNotNull(masks).stride
        val pixels = (preprocessing.width / stride) * (preprocessing.height / stride)
        return if (pixels > 0 && logits % pixels == 0) logits / pixels else 0
    }

    companion object {
        private const val SCHEMA = 1L

        fun read(json: String): Record {
            try {
                val all = Fields(Json.read(json), "record")
                if (all.whole("schema") != SCHEMA) {
                    throw JsonError("its schema is not $SCHEMA")
                }
                val task = task(all)
                val accuracy = all.fieldsOrNull("accuracy")
                return Record(
                    model = all.text("model"),
                    weights = all.text("weights"),
                    recipe = all.text("recipe"),
                    task = task,
                    boxes = if (task == Task.DETECT) boxes(all) else null,
                    masks = if (task == Task.SEGMENT) masks(all) else null,
                    seeing = if (task == Task.KEYWORDS) null else sight(all),
                    hearing = if (task == Task.KEYWORDS) hearing(all.fields("sound")) else null,
                    labels = all.texts("labels"),
                    scores = scores(all),
                    top1 = accuracy?.number("top1"),
                    photos = accuracy?.whole("n"),
                    partitions = all.whole("partitions"),
                    delegatedOps = all.whole("delegated_ops"),
                    totalOps = all.whole("total_ops"),
                    sha256 = all.text("sha256"),
                    sizeBytes = all.whole("size_bytes"),
                    hasOperators = all.fieldsOrNull("operators") != null,
                )
            } catch (error: JsonError) {
                throw BadModel("The model's record cannot be used: ${error.message}.")
            } catch (error: IllegalArgumentException) {
                throw BadModel("The model's record cannot be used: ${error.message}.")
            }
        }

        private fun task(all: Fields): Task {
            if (!all.has("task")) return Task.CLASSIFY
            val name = all.text("task")
            return Task.entries.find { it.name.lowercase() == name }
                ?: throw JsonError("its task is $name, which this app does not know")
        }

        private fun sight(all: Fields): Preprocessing =
            preprocessing(
                all.fieldsOrNull("preprocessing") ?: throw JsonError("it takes no photo, but other inputs"),
            )

        private fun hearing(sound: Fields): Hearing {
            if (sound.has("streaming") && sound.value("streaming") != null) {
                throw JsonError("it hears piece by piece, and this app whole moments")
            }
            val rules = if (sound.has("smoothing")) sound.fieldsOrNull("smoothing") else null
            return Hearing(
                sound.whole("rate").toInt(),
                sound.whole("length").toInt(),
                rules?.run { SmoothingRules(number("seconds"), number("score"), number("rest")) }
                    ?: SmoothingRules(),
            )
        }

        private fun masks(all: Fields): MasksKept {
            val fields = all.fields("masks")
            val told = fields.list("colours").map { colour(it) }
            val labels = all.texts("labels").size
            val stride = fields.whole("stride").toInt()
            require(stride > 0) { "a stride of $stride leaves no answer" }
            return MasksKept(stride, if (told.size == labels) told else List(labels, ::classColour))
        }

        /** [red, green, blue], each 0..255. */
        private fun colour(value: Any?): Int {
            val parts = (value as? List<*>).orEmpty().map { (it as? Long) ?: -1 }
            require(parts.size == 3 && parts.all { it in 0..255 }) { "$value is no colour" }
            return parts.fold(0xFF) { all, part -> (all shl 8) or part.toInt() }
        }

        private fun boxes(all: Fields): BoxesKept {
            val fields = if (all.has("boxes")) all.fieldsOrNull("boxes") else null
            if (fields == null) return BoxesKept()
            return BoxesKept(
                fields.number("iou").toFloat(),
                fields.number("score").toFloat(),
                fields.whole("most").toInt(),
            )
        }

        /** Old records do not say; most networks with a SOFTMAX end in it. */
        private fun scores(all: Fields): Scores {
            if (all.has("scores")) return Scores.valueOf(all.text("scores").uppercase())
            return if (all.fields("ops").has("SOFTMAX")) Scores.SOFTMAX else Scores.LOGITS
        }

        fun preprocessing(fields: Fields): Preprocessing {
            val (height, width) = fields.wholeOrPair("size")
            return Preprocessing(
                height.toInt(),
                width.toInt(),
                fields.number("crop"),
                Resample.valueOf(fields.text("resample").uppercase()),
                fields.numbers("mean"),
                fields.numbers("std"),
                if (fields.has("channels")) fields.whole("channels").toInt() else RgbImage.CHANNELS,
                fields.has("fit") && isStretched(fields.text("fit")),
            )
        }

        private fun isStretched(fit: String): Boolean =
            when (fit) {
                "crop" -> false
                "stretch" -> true
                else -> throw JsonError("a photo cannot be fitted by $fit")
            }
    }
}

/** The members of a JSON object, each with the type that is asked for. */
class Fields(
    value: Any?,
    private val where: String,
) {
    private val members = value as? Map<*, *> ?: throw JsonError("$where is no object")

    fun has(name: String): Boolean = members.containsKey(name)

    fun text(name: String): String = value(name) as? String ?: odd(name)

    fun whole(name: String): Long = value(name) as? Long ?: odd(name)

    /** One number stands for two equal ones. */
    fun wholeOrPair(name: String): Pair<Long, Long> {
        val value = value(name)
        if (value is Long) return Pair(value, value)
        val (first, second) = (value as? List<*>)?.takeIf { it.size == 2 } ?: odd(name)
        return Pair(first as? Long ?: odd(name), second as? Long ?: odd(name))
    }

    fun number(name: String): Double = number(value(name)) ?: odd(name)

    fun numbers(name: String): List<Double> = list(name).map { number(it) ?: odd(name) }

    fun texts(name: String): List<String> = list(name).map { it as? String ?: odd(name) }

    fun list(name: String): List<Any?> = value(name) as? List<*> ?: odd(name)

    fun fields(name: String): Fields = Fields(value(name), "$where.$name")

    fun fieldsOrNull(name: String): Fields? = value(name)?.let { Fields(it, "$where.$name") }

    fun value(name: String): Any? =
        if (members.containsKey(name)) members[name] else throw JsonError("$where.$name is missing")

    private fun number(value: Any?): Double? = (value as? Number)?.toDouble()

    private fun odd(name: String): Nothing = throw JsonError("$where.$name is ${members[name]}")
}
