using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Transport.Pipelines;

public sealed class RequestRingTests
{
    [Fact]
    public void Order_survives_growth_in_the_midst_of_a_turn()
    {
        var ring = new RequestRing();
        EchoRequest[] requests = [.. Enumerable.Range(0, 2000).Select(static i => new EchoRequest($"{i}"))];
        var (added, taken) = (0, 0);
        while (taken < requests.Length)
        {
            for (var i = 0; i < 300 && added < requests.Length; i++, added++)
            {
                ring.Enqueue(requests[added], added);
            }

            for (var i = 0; i < 100 && taken < requests.Length; i++, taken++)
            {
                Assert.Same(requests[taken], ring.Dequeue(out var sentAt));
                Assert.Equal(taken, sentAt);
            }
        }

        Assert.Equal(0, ring.Count);
    }

    [Fact]
    public void Request_that_was_given_up_leaves_its_slot()
    {
        var ring = new RequestRing();
        EchoRequest[] requests = [.. Enumerable.Range(0, 3).Select(static i => new EchoRequest($"{i}"))];
        for (var i = 0; i < requests.Length; i++)
        {
            ring.Enqueue(requests[i], sentAt: i);
        }

        List<PipelinedRequest> givenUp = [];
        ring.GiveUpSentBefore(2, givenUp);
        Assert.Equal(requests[..2], givenUp);
        Assert.Equal(3, ring.Count);
        Assert.Null(ring.Oldest);
        Assert.Null(ring.Dequeue(out _));
        Assert.Null(ring.Dequeue(out _));
        Assert.Same(requests[2], ring.Dequeue(out _));
    }
}
