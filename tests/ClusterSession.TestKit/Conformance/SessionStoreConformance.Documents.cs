using ClusterSession.Stores;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

/// <summary>Documents that all nodes share.</summary>
public abstract partial class SessionStoreConformance
{
    private string Document => "test-" + Key;

    [Fact]
    public async Task Document_that_was_never_merged_is_missing_and_an_empty_one_is_not()
    {
        var missing = await A.ReadDocumentAsync(Document, DocumentPosition.None, default);
        Assert.Equal((true, false, true), (missing.IsAnswered, missing.Exists, missing.IsComplete));
        var made = await MergedAsync(A);
        Assert.Equal((true, 0L, 0L), (made.Exists, made.Before, made.Position.Sequence));
        var empty = await ReadDocumentAsync(B);
        Assert.Equal((made.Position, true, 0), (empty.Position, empty.IsComplete, empty.Elements.Count));
    }

    [Fact]
    public async Task Element_of_the_greater_rank_stays_in_whatever_order_they_are_merged()
    {
        await MergedAsync(A, Element("a", 2, "two"), Element("b", 1, "one"));
        var lower = await MergedAsync(B, Element("a", 1, "one"), Element("b", 2, "two"));
        Assert.Equal((2L, 3L), (lower.Before, lower.Position.Sequence));
        await MergedAsync(A, Element("a", 2, "other"));
        Assert.Equal(["a2two", "b2two"], Texts(await ReadDocumentAsync(B)));
    }

    [Fact]
    public async Task Element_that_was_retired_is_not_revived_by_who_still_has_it()
    {
        await MergedAsync(A, Element("a", 1, "key"), Element("b", 1, "key"));
        await MergedAsync(B, Element("a", 9, ""));
        var revived = await MergedAsync(A, Element("a", 1, "key"), Element("b", 1, "key"));
        Assert.Equal(revived.Before, revived.Position.Sequence);
        Assert.Equal(["a9", "b1key"], Texts(await ReadDocumentAsync(B)));
    }

    [Fact]
    public async Task Of_two_elements_of_one_rank_the_first_stays()
    {
        var both = await Task.WhenAll(
            Task.Run(() => MergedAsync(A, Element("first", 1, "by a"))),
            Task.Run(() => MergedAsync(B, Element("first", 1, "by b")))
        );
        var text = Assert.Single(Texts(await ReadDocumentAsync(A)));
        Assert.Equal([text], Texts(await ReadDocumentAsync(B)));
        Assert.Equal([0L, 1L], both.Select(answer => answer.Before).Order());
    }

    [Fact]
    public async Task Documents_that_are_merged_in_any_order_end_in_the_same()
    {
        var random = new Random(17);
        DocumentElement[] changes =
        [
            .. Enumerable.Range(0, 60).Select(i => Element("e" + (i % 7), 1 + random.Next(5), "")).DistinctBy(Name),
        ];
        string[] expected =
        [
            .. changes
                .GroupBy(element => Name(element)[..2])
                .Select(same => same.Max(Name)!)
                .Order(StringComparer.Ordinal),
        ];
        await Task.WhenAll(
            new[] { A, B, A }.Select(store =>
                Task.Run(async () =>
                {
                    foreach (var change in changes.OrderBy(_ => Random.Shared.Next()))
                    {
                        await MergedAsync(store, change);
                    }
                })
            )
        );
        Assert.Equal(expected, Texts(await ReadDocumentAsync(B)));

        static string Name(DocumentElement element) =>
            System.Text.Encoding.UTF8.GetString(element.Id.Span) + element.Rank;
    }

    [Fact]
    public async Task Document_and_element_without_an_end_are_kept_for_ever_also_when_others_are_merged()
    {
        await A.MergeDocumentAsync(
            Document,
            [Element("a", 1, "") with { Life = TimeSpan.MaxValue }],
            TimeSpan.MaxValue,
            default
        );
        await MergedAsync(B, Element("b", 1, "") with { Life = TimeSpan.FromMilliseconds(1) });
        await Condition.HoldsAsync(async () => Texts(await ReadDocumentAsync(B)) is ["a1"], "the other one is gone");
        Assert.Equal(TimeSpan.MaxValue, Assert.Single((await ReadDocumentAsync(B)).Elements).Life);
    }

    [Fact]
    public async Task Large_payloads_are_read_as_they_were_merged()
    {
        var large = new byte[256 * 1024];
        new Random(3).NextBytes(large);
        await MergedAsync(A, new DocumentElement(Bytes("large"), 1, large, Long), Element("small", 1, "x"));
        var read = (await ReadDocumentAsync(B)).Elements;
        Assert.Equal(2, read.Count);
        Assert.True(read.Single(element => element.Payload.Length > 1).Payload.Span.SequenceEqual(large));
    }

    [Fact]
    public async Task Merging_again_changes_nothing_and_answers_with_the_same_position()
    {
        var first = await MergedAsync(A, Element("a", 1, "one"));
        var again = await MergedAsync(A, Element("a", 1, "one"));
        Assert.Equal((first.Position, first.Position.Sequence), (again.Position, again.Before));
    }

    [Fact]
    public async Task Reading_on_answers_with_what_was_changed_since_and_nothing_else()
    {
        await MergedAsync(A, [.. Enumerable.Range(0, 100).Select(i => Element("e" + i, 1, ""))]);
        var known = await ReadDocumentAsync(B);
        Assert.Equal((100, true), (known.Elements.Count, known.IsFromBeginning));
        await MergedAsync(A, Element("e7", 2, "x"));
        var next = await ReadDocumentAsync(B, known.Position);
        Assert.Equal(["e72x"], Texts(next));
        Assert.False(next.IsFromBeginning);
        Assert.Empty((await ReadDocumentAsync(B, next.Position)).Elements);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1000)]
    public async Task Position_of_another_document_and_one_that_is_ahead_are_answered_from_the_beginning(
        long otherIncarnation,
        long ahead
    )
    {
        var made = await MergedAsync(A, Element("a", 1, "one"));
        var unknown = new DocumentPosition(
            made.Position.Incarnation ^ otherIncarnation,
            made.Position.Sequence + ahead
        );
        var read = await ReadDocumentAsync(B, unknown);
        Assert.Equal((true, made.Position), (read.IsFromBeginning, read.Position));
        Assert.Equal(["a1one"], Texts(read));
    }

    [Fact]
    public async Task Large_document_is_read_in_several_answers_and_none_is_missing()
    {
        const int Merges = 10;
        for (var i = 0; i < Merges; i++)
        {
            await MergedAsync(A, [.. Enumerable.Range(0, 256).Select(at => Element($"{i}-{at}", 1, ""))]);
        }

        var found = new HashSet<string>();
        var position = DocumentPosition.None;
        for (StoreDocument page = default; !page.IsComplete; )
        {
            page = await B.ReadDocumentAsync(Document, position, default);
            Assert.True(page.Elements.Count < Merges * 256);
            found.UnionWith(Texts(page));
            position = page.Position;
        }

        Assert.Equal(Merges * 256, found.Count);
    }

    [Fact]
    public async Task Elements_say_what_is_left_of_their_life_and_are_gone_after_it()
    {
        await MergedAsync(
            A,
            Element("short", 1, "") with
            {
                Life = TimeSpan.FromMilliseconds(1),
            },
            Element("long", 1, "")
        );
        await Condition.HoldsAsync(async () => Texts(await ReadDocumentAsync(B)) is ["long1"], "the short one is gone");
        var left = Assert.Single((await ReadDocumentAsync(B)).Elements).Life;
        Assert.InRange(left, Long - TimeSpan.FromMinutes(1), Long);
        var later = await MergedAsync(A, Element("short", 1, "again"));
        Assert.Equal(
            ["short1again"],
            Texts(await ReadDocumentAsync(B, later.Position with { Sequence = later.Before }))
        );
    }

    [Fact]
    public async Task Change_of_a_document_is_announced_to_all_who_have_read_it_or_found_none()
    {
        var none = await ReadDocumentAsync(B, mayBeMissing: true);
        if (!Announces)
        {
            Assert.NotSame(SessionLease.Always, none.Lease);
            return;
        }

        await MergedAsync(A, Element("a", 1, ""));
        await AnnouncedAsync(ToldB);
        Assert.True((await ReadDocumentAsync(B)).Lease!.IsCurrent);
        ToldB.ForgetDocument(Document);
        await MergedAsync(A, Element("a", 2, ""));
        await AnnouncedAsync(ToldB);
        Assert.True((await MergedAsync(A, Element("b", 1, ""))).Lease!.IsCurrent);
        ToldA.ForgetDocument(Document);
        await MergedAsync(B, Element("a", 3, ""));
        await AnnouncedAsync(ToldA);

        Task AnnouncedAsync(RecordingObserver observer) =>
            Condition.HoldsAsync(() => observer.WasToldOfDocument(Document), "the change is announced");
    }

    [Fact]
    public async Task Of_many_that_make_a_document_at_once_all_are_in_the_same_one()
    {
        var merged = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i => Task.Run(() => MergedAsync(i % 2 == 0 ? A : B, Element("e" + i, 1, ""))))
        );
        Assert.Single(merged.Select(answer => answer.Position.Incarnation).Distinct());
        Assert.Equal(20, (await ReadDocumentAsync(A)).Elements.Count);
    }

    private static DocumentElement Element(string id, long rank, string payload) =>
        new(Bytes(id), rank, Bytes(payload), Long);

    private static string[] Texts(StoreDocument document) =>
        [
            .. document
                .Elements.Select(element =>
                    System.Text.Encoding.UTF8.GetString(element.Id.Span)
                    + element.Rank
                    + System.Text.Encoding.UTF8.GetString(element.Payload.Span)
                )
                .Order(StringComparer.Ordinal),
        ];

    private async Task<StoreDocument> MergedAsync(IClusterSessionStore store, params DocumentElement[] elements)
    {
        var answer = await store.MergeDocumentAsync(Document, elements, Long, default);
        Assert.Equal(StoreFailure.None, answer.Failure);
        return answer;
    }

    private async Task<StoreDocument> ReadDocumentAsync(
        IClusterSessionStore store,
        DocumentPosition known = default,
        bool mayBeMissing = false
    )
    {
        var answer = await store.ReadDocumentAsync(Document, known, default);
        Assert.Equal((StoreFailure.None, true), (answer.Failure, answer.Exists || mayBeMissing));
        return answer;
    }
}
