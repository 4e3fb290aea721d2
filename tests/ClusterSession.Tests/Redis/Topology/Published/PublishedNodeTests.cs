using System.Text;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Leases;
using ClusterSession.Redis;
using ClusterSession.Redis.Topology.Published;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Published;

/// <summary>Nodes read what agents write: both formats are the agents' own.</summary>
public sealed class PublishedNodeTests
{
    private static readonly ClusterDocument Site = new()
    {
        Members =
        [
            new ClusterMember("a", "redis-a:6379", "https://a:1", MemberKind.Candidate),
            new ClusterMember("b", "[::1]:7000", "https://b:1", MemberKind.Candidate),
        ],
        Ruler = new Ruler("b", new string('1', 40), 77),
    };

    [Theory]
    [InlineData("b")]
    [InlineData(null)]
    public void Master_epoch_and_members_are_read(string? holder)
    {
        var read = PublishedNode.Read(Node(Site, holder), 9);
        Assert.Equal((new RedisEndpoint("::1", 7000), 77, 9), (read.Master!.Value, read.Epoch, read.Change));
        Assert.Equal([new RedisEndpoint("redis-a", 6379), new RedisEndpoint("::1", 7000)], read.Members);
    }

    [Fact]
    public void Cluster_without_a_master_names_its_members()
    {
        var read = PublishedNode.Read(Node(Site with { Ruler = null }), 9);
        Assert.Null(read.Master);
        Assert.Equal(2, read.Members.Count);
    }

    [Fact]
    public void Member_that_was_forgotten_is_none()
    {
        var read = PublishedNode.Read(Node(Site with { Forgotten = ["b"] }), 9);
        Assert.Null(read.Master);
        Assert.Equal([new RedisEndpoint("redis-a", 6379)], read.Members);
    }

    [Fact]
    public void Node_that_is_cut_short_anywhere_before_its_document_ends_is_refused()
    {
        var whole = Node(Site);
        var document = Site.Write();
        var end = whole.AsSpan().IndexOf(document) + document.Length;
        Assert.All(Enumerable.Range(0, end), length =>
            Assert.Throws<InvalidDataException>(() => PublishedNode.Read(whole.AsSpan(0, length), 9))
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"format\":2,\"members\":[]}")]
    [InlineData("{\"format\":1}")]
    [InlineData("{\"format\":1,\"members\":[{\"name\":\"a\"}]}")]
    [InlineData("{\"format\":1,\"members\":[{\"name\":\"a\",\"redis\":\"a:b:c:d\"}]}")]
    [InlineData("{\"format\":1,\"members\":[{\"name\":\"a\",\"redis\":\"a\"},{\"name\":\"a\",\"redis\":\"b\"}]}")]
    public void Document_of_somebody_else_is_refused(string json)
    {
        var node = (StoredCluster.None with { Document = Encoding.UTF8.GetBytes(json) }).Encode();
        Assert.Throws<InvalidDataException>(() => PublishedNode.Read(node.Span, 9));
    }

    [Fact]
    public void Node_of_another_format_is_refused_with_the_remedy()
    {
        var node = Node(Site);
        node[0]++;
        var refused = Assert.Throws<InvalidDataException>(() => PublishedNode.Read(node, 9));
        Assert.Contains("install the release that the agents run", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Node(ClusterDocument document, string? holder = "b") =>
        (StoredCluster.None with { Holder = holder, Version = 3, Document = document.Write() })
            .After(OperationId.New(), null)
            .Encode()
            .ToArray();
}
