namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// The requests that wait for their reply, in the order in which they were written. Not
/// thread-safe: its owner locks.
/// </summary>
/// <remarks>
/// <code>
///   oldest (next reply belongs to it)                       newest
///      |                                                      |
///   [ r5 ][ -- ][ r7 ][ r8 ] ...                            [ r40 ]
///            '-- given up (timed out): the slot stays, its reply is read and thrown away
/// </code>
/// Numbers count up for ever; a slot is number modulo capacity. The capacity doubles when it is
/// full.
/// </remarks>
internal sealed class RequestRing
{
    private Slot[] _slots = new Slot[256];

    /// <summary>Number of the oldest slot.</summary>
    public long First { get; private set; }

    /// <summary>Number that the next slot will have.</summary>
    public long Next { get; private set; }

    /// <summary>Slots in use.</summary>
    public int Count => (int)(Next - First);

    /// <summary>When the oldest was sent; only if there is one.</summary>
    public long OldestSentAt => this[First].SentAt;

    /// <summary>The oldest, or null if it was given up; only if there is one.</summary>
    public PipelinedRequest? Oldest => this[First].Request;

    private ref Slot this[long number] => ref _slots[number & (_slots.Length - 1)];

    /// <summary>Adds the newest.</summary>
    public void Enqueue(PipelinedRequest request, long sentAt)
    {
        if (Count == _slots.Length)
        {
            Grow();
        }

        this[Next++] = new Slot { Request = request, SentAt = sentAt };
    }

    /// <summary>Takes out the oldest; its request is null if it was given up.</summary>
    public PipelinedRequest? Dequeue(out long sentAt)
    {
        ref var slot = ref this[First++];
        var request = slot.Request;
        sentAt = slot.SentAt;
        slot.Request = null;
        return request;
    }

    /// <summary>Takes back the newest, which was not sent.</summary>
    public void TakeBackNewest() => this[--Next].Request = null;

    /// <summary>Gives up the requests sent before a time: they leave, their slots stay.</summary>
    public void GiveUpSentBefore(long time, List<PipelinedRequest> givenUp)
    {
        for (var number = First; number < Next && this[number].SentAt < time; number++)
        {
            ref var slot = ref this[number];
            if (slot.Request is { } request)
            {
                givenUp.Add(request);
                slot.Request = null;
            }
        }
    }

    private void Grow()
    {
        var larger = new Slot[_slots.Length * 2];
        for (var number = First; number < Next; number++)
        {
            larger[number & (larger.Length - 1)] = this[number];
        }

        _slots = larger;
    }

    private struct Slot
    {
        public PipelinedRequest? Request;
        public long SentAt;
    }
}
